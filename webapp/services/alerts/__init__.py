"""Alerts: the register of rules, and how one fires, is acknowledged and ends."""
