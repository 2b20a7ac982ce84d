"""Rules that need no database: money, recurrence, states, permissions."""
