"""Amounts in lists: filters, written in major units of whatever currency a row has, and the column that sorts them."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, case, cast

from webapp.admin.ui.lists.columns import Column, Filter
from webapp.domain.money.amounts import parse_any_currency
from webapp.domain.money.money import exponent, known_currencies
from webapp.domain.words import joined, sentence_of


def currency(name: str, label: Any, column: Any) -> Filter:
    """One currency, chosen from those that the desk holds."""
    return Filter(name, label, lambda code: column == code, parse=_code, kind="currency")


def by_amount(amount: Any, currency: Any) -> Column:
    """The column of the rows' amounts, in minor units of the column `currency`; sorted within each currency."""
    return Column("amount", _l("Amount"), amount, kind="money", sort=(currency, amount))


def amount_from(name: str, label: Any, amount: Any, currency: Any) -> Filter:
    """From this amount on."""
    return Filter(name, label, lambda typed: amount >= _minor(typed, currency, ROUND_CEILING), parse=_major)


def amount_to(name: str, label: Any, amount: Any, currency: Any) -> Filter:
    """Up to and with this amount."""
    return Filter(name, label, lambda typed: amount <= _minor(typed, currency, ROUND_FLOOR), parse=_major)


def _minor(typed: Decimal, currency: Any, rounding: str) -> Any:
    """The amount in the row's minor units; where it lies between two of them, the one that keeps the filter's word."""
    minor = {decimals: int(typed.scaleb(decimals).to_integral_value(rounding)) for decimals in (0, 2, 3)}
    ways = [(currency.in_(codes), minor[decimals]) for decimals, codes in _ODD.items()]
    return cast(case(*ways, else_=minor[2]), BigInteger)


def _major(typed: str) -> Decimal:
    try:
        return parse_any_currency(typed)
    except ValueError as wrong:
        raise ValueError(joined(sentence_of(wrong), ".", between="")) from None


_ODD = {decimals: [code for code in known_currencies() if exponent(code) == decimals] for decimals in (0, 3)}


def _code(typed: str) -> str:
    code = typed.strip().upper()
    try:
        exponent(code)
    except ValueError:
        raise ValueError(_("Write a currency, such as NGN.")) from None
    return code
