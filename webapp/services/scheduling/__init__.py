"""Schedules, runs, slots and processes."""
