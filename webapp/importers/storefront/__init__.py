"""Files of tenants, products, customers, order lines and carts."""
