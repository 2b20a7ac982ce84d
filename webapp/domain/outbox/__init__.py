"""What goes out: event types, delivery and retry rules, signatures, and where it may go."""
