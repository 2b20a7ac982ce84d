"""Rows of other people's business, which stand in every list of an account that is used for more than the desk."""

from webapp import clock
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import serializers

_EMAIL = "somebody@another-shop.example"


def transactions() -> list[Data]:
    """One of a product that keeps no references, and one in a currency that the desk does not know."""
    row = serializers.transaction_listed(_paid())
    return [row | {"reference": None}, row | {"id": 900_000_002, "currency": "USDT"}]


def refunds() -> list[Data]:
    """Of another transaction, of no sum that the desk could have asked for; also in the list of one of ours."""
    paid = _paid()
    data = {"status": "processed", "amount": paid.data["amount"], "currency": "NGN"}
    return [serializers.refund(Thing(900_000_003, "", "RFD_stranger", paid.key, paid.at, data), paid)]


def transfers() -> list[Data]:
    """One that was sent by hand in the dashboard: its row has no reference."""
    at = clock.now().timestamp()
    data = {"status": "success", "amount": 4400, "currency": "NGN", "recipient": 28, "reason": "By hand"}
    row = serializers.transfer_in_full(Thing(900_000_004, "", "", "", at, data), None)
    return [{name: value for name, value in row.items() if name != "reference"}]


def _paid() -> Thing:
    at = clock.now().timestamp()
    data = {"status": "success", "amount": 40_333, "currency": "NGN", "email": _EMAIL, "paid_at": at, "fees": 10_283}
    return Thing(900_000_001, "", "another-shop", "", at, data)
