"""The desk's books held against providers and the external ledger."""
