"""Blnk Core, as its source behaves. Amounts are whole minor units; there is no hold (inflight) here."""

from webapp.sandbox.blnk import balances, posting, transactions
from webapp.sandbox.blnk.manner import blueprint
from webapp.sandbox.box import Box

__all__ = ["balances", "blueprint", "posting", "register", "transactions"]


def register(box: Box) -> None:
    """Let what Blnk does by itself happen."""
    posting.register(box)
    transactions.register(box)
