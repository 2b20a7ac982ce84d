"""Keeping the external ledger like ours: sending what waits, its balances, and the weekly check by reference."""
