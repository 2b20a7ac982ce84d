"""Escrows and placement holds: lists, pages, and what is decided about them."""
