"""Payouts and payout schedules: lists, pages, and what is decided about them."""
