"""Webhooks that are sent to the desk, and received from it."""
