"""Subscriptions of tenants."""
