"""Payouts, their schedules and destinations."""
