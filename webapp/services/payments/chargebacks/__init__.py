"""Banks' disputes about payments: what they book, and what they offset."""
