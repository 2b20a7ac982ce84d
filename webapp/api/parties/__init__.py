"""Parties and their wallets."""
