"""Refunds: routed, sent, settled, decided."""
