"""A filter on amounts, which people write in major units of whatever currency a row has."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, case, cast

from webapp.admin.columns import Filter
from webapp.domain.money import LARGEST, exponent, known_currencies


def currency(name: str, label: Any, column: Any) -> Filter:
    """One currency, by its code."""
    return Filter(name, label, lambda code: column == code, parse=_code)


def amount_from(name: str, label: Any, amount: Any, currency: Any) -> Filter:
    """From this amount on."""
    return Filter(name, label, lambda typed: amount >= _minor(typed, currency), parse=_major)


def amount_to(name: str, label: Any, amount: Any, currency: Any) -> Filter:
    """Up to and with this amount."""
    return Filter(name, label, lambda typed: amount <= _minor(typed, currency), parse=_major)


def _minor(typed: Decimal, currency: Any) -> Any:
    ways = [(currency.in_(codes), int(typed.scaleb(decimals))) for decimals, codes in _ODD.items()]
    return cast(case(*ways, else_=int(typed.scaleb(2))), BigInteger)


def _major(typed: str) -> Decimal:
    try:
        value = Decimal(typed.replace(",", ""))
    except InvalidOperation:
        raise ValueError(_("Write an amount, such as 2500.00.")) from None
    if not value.is_finite() or not 0 <= value <= LARGEST:
        raise ValueError(_("Write an amount from zero on."))
    return value


_ODD = {decimals: [code for code in known_currencies() if exponent(code) == decimals] for decimals in (0, 3)}


def _code(typed: str) -> str:
    code = typed.strip().upper()
    if code not in known_currencies():
        raise ValueError(_("Write a currency, such as NGN."))
    return code
