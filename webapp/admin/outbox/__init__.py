"""What goes out and comes in: deliveries, webhook endpoints, webhooks received."""
