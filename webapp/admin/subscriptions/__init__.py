"""Subscriptions of tenants: who may sell, until when, and what people change about it."""
