"""Paystack, as its public documentation describes it. Amounts are whole minor units."""

from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.paystack import charges, disputes, refunds, transfers
from webapp.sandbox.paystack.envelope import blueprint

__all__ = ["blueprint", "charges", "disputes", "refunds", "register", "transfers"]


def register(sandbox: Sandbox) -> None:
    """Let what Paystack does by itself happen."""
    for part in (transfers, refunds):
        part.register(sandbox)
