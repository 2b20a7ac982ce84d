"""Alert rules, by what they ask about."""
