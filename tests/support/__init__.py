"""What tests share: databases, a Redis server, a browser."""
