"""Backups: what is on record about them, what is in one, and whether a copy that was restored is whole."""
