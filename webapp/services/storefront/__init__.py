"""Tenants with their products, customers, order lines and carts, as the marketplace tells of them."""
