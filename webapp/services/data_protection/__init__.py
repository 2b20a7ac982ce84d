"""Data protection of a party: all that the desk keeps about it, and forgetting it."""
