"""The record: audit, reconciliation, tokens."""
