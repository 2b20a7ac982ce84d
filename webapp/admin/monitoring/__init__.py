"""Alerts, providers and reconciliation."""
