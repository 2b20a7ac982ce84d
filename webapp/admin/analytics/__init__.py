"""Pages of what tenants sold."""
