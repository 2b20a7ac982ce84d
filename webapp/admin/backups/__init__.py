"""Backups: what was saved, whether it is proven, and doing it now."""
