"""Parties: their wallets, debts, destinations and statements."""
