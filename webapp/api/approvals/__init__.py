"""Proposals and their decision."""
