"""Escrow Desk: the operations desk of a marketplace that holds other people's money."""
