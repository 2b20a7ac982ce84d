"""Paystack's amounts: sub-units of its own, a hundred to the unit of every currency, whatever ISO 4217 says of it."""

from decimal import Decimal
from typing import Any

from webapp.domain.money.money import exponent
from webapp.providers.http.errors import Unknown
from webapp.providers.http.response_reader import ResponseObject

_SUB_UNITS = 100


def sub_units(amount: int, currency: str) -> int:
    """Our minor units in its sub-units. XOF has no minor units, and a hundred sub-units there all the same."""
    return amount * _SUB_UNITS // _minor_units(currency)


def minor(row: ResponseObject, key: str, currency: str) -> int:
    """An amount of its in our minor units: whole, written as a number or as a text."""
    number = _whole(row.body.get(key))
    if number is None:
        raise Unknown(f"{row.name} answered without a whole {key}.")
    ours, rest = divmod(number * _minor_units(currency), _SUB_UNITS)
    if rest:
        raise Unknown(f"{row.name} answered with {number} sub-units of {currency}, which is no amount of ours.")
    return ours


def _minor_units(currency: str) -> int:
    """How many of ours make one unit."""
    return int(10 ** exponent(currency))


def _whole(found: Any) -> int | None:
    if isinstance(found, bool):
        return None
    if isinstance(found, str) and found.isascii() and found.isdigit():
        return int(found)
    if isinstance(found, Decimal) and found == found.to_integral_value():
        return int(found)
    return found if isinstance(found, int) else None
