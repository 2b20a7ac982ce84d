"""Amounts as Flutterwave takes them: major units, as numbers or text, with no more decimals than the currency has."""

from decimal import Decimal, InvalidOperation
from typing import Any

from webapp.domain.money.money import from_major, to_major
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.store import Data, Thing


def major(value: Any, currency: str) -> int | float:
    """An amount above zero as a JSON number. Raises Wrong."""
    try:
        minor = from_major(Decimal(str(value)), currency)
    except (ValueError, InvalidOperation) as problem:
        raise Wrong(400, f"amount: {problem}") from None
    if minor <= 0:
        raise Wrong(400, "amount must be above zero")
    return number(to_major(minor, currency))


def number(amount: Decimal) -> int | float:
    """A JSON number without needless decimals."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def less(amount: int | float, *parts: int | float) -> int | float:
    """What is left of an amount, exactly."""
    return number(Decimal(str(amount)) - sum((Decimal(str(part)) for part in parts), Decimal()))


def refundable(sandbox: Sandbox, kind: str, paid: Thing, body: Data, status: str) -> Data:
    """The amount of a refund of a payment in this status: what is asked, else all that is left. Raises Wrong."""
    made = sandbox.store.listed(kind, parent=paid.key)
    given = [each.data["amount"] for each in made if each.data["status"] not in ("failed", "cancelled")]
    left = less(paid.data["amount"], *given)
    amount = major(body["amount"], paid.data["currency"]) if body.get("amount") is not None else left
    if paid.data["status"] != status or amount > left or left == 0:
        raise Wrong(400, "Refund amount is more than what is left of the transaction")
    return {"amount": amount}
