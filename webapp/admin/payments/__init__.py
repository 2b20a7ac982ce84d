"""Payments: the list, the page, and what is decided about them."""
