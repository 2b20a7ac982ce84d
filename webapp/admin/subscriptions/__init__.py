"""Pages of tenants and their subscriptions."""
