"""Parties, their wallets, debts and standing orders."""
