"""Parties and orders from files, in sets."""
