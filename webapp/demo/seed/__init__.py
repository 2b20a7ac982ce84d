"""How the demo is made."""
