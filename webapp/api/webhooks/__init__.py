"""Webhooks: received from providers, sent to endpoints, and the events behind them."""
