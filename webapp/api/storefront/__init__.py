"""Tenants, their products, customers, order lines and carts."""
