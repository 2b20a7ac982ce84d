"""Escrows and placement holds."""
