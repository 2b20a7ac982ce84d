"""What an administrator keeps: people, tokens, settings."""
