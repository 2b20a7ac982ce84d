"""Amounts as Flutterwave takes them: major units, as numbers or text, with no more decimals than the currency has."""

from decimal import Decimal, InvalidOperation
from typing import Any

from webapp.domain.money import from_major, to_major
from webapp.sandbox.gate import Wrong


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
