"""How messages leave: mail, chat, webhooks, the heartbeat."""
