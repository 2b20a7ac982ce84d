"""Payments: begun, settled, explained, decided."""
