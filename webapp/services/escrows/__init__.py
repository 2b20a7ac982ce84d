"""Escrows: held, frozen, released, and why not."""
