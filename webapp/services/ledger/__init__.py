"""Accounts and transfers: the only place where money is posted."""
