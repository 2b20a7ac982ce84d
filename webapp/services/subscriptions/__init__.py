"""Subscriptions: a tenant's right to sell, its expiry, its grace, and what it is reminded of."""
