"""What people and endpoints are told, and how deliveries go out."""
