"""Blnk, the external ledger."""
