"""How a dispute may be decided."""
