"""What the tenants of the marketplace sell: products, customers, order lines and carts."""
