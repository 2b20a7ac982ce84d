"""Disputes, their messages and their evidence."""
