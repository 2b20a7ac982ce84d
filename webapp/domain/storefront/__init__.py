"""Rows that the marketplace gives of its tenants, and what can be true of them."""
