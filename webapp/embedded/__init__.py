"""Servers that come with the desk, for a machine that has none: a Redis of its own in the folder for data."""
