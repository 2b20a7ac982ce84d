"""Retention: what is kept, for how long, and what becomes of it then. Each kind is declared in `kinds`."""
