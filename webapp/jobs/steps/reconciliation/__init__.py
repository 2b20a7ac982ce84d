"""Comparing our books with others: the external ledger, each provider's payments and payouts, and its refunds."""
