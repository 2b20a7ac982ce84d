"""Blnk Core, as a real server answered (`webapp/conformance/records/blnk.json`). Amounts are whole minor units."""

from webapp.sandbox.blnk import balances, bulk, inflight, keys, posting, standing, transactions
from webapp.sandbox.blnk.envelope import blueprint
from webapp.sandbox.core.sandbox import Sandbox

__all__ = ["balances", "blueprint", "bulk", "inflight", "keys", "posting", "register", "standing", "transactions"]


def register(sandbox: Sandbox) -> None:
    """Let what Blnk does by itself happen."""
    for part in (posting, inflight, bulk):
        part.register(sandbox)
