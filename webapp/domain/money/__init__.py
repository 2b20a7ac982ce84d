"""Amounts and currencies, and how a sum is divided, deducted and booked as movements."""
