"""Endpoints of ours, and the webhooks that come in."""
