"""Kudi, a provider that does not exist: collects, pays out and refunds in whole kobo."""
