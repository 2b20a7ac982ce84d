"""Amounts as people type them into a search: with or without their currency, before or after it."""

import re
from decimal import Decimal
from typing import NamedTuple

from webapp.domain.money.amounts import parse_amount, parse_any_currency
from webapp.domain.money.money import LARGEST, exponent, known_currencies

_TYPED = re.compile(r"(?:(?P<before>[A-Za-z]{3})\s*)?(?P<amount>[0-9][0-9,.]*)(?:\s*(?P<after>[A-Za-z]{3}))?", re.ASCII)
_LEAST = 3
"""Fewer digits without a currency are the number of something, not an amount."""
CURRENCIES_BY_DECIMALS = {
    decimals: [code for code in known_currencies() if exponent(code) == decimals] for decimals in (0, 2, 3)
}
"""The codes of the currencies with so many decimals."""


class SoughtAmount(NamedTuple):
    """Minor units to look for, by the decimals that a currency has; and the one currency, if it was typed."""

    minor: dict[int, int]
    currency: str | None


def sought_amount(text: str) -> SoughtAmount | None:
    """What amount somebody looks for; None where the text is none, or no currency could have it."""
    found = _TYPED.fullmatch(text.strip())
    if found is None or (found["before"] and found["after"]):
        return None
    currency = (found["before"] or found["after"] or "").upper()
    try:
        if currency:
            return SoughtAmount({exponent(currency): parse_amount(found["amount"], currency)}, currency)
        if len(re.sub(r"[,.]", "", found["amount"])) < _LEAST:
            return None
        return SoughtAmount(_minor(parse_any_currency(found["amount"])), None)
    except ValueError:
        return None


def _minor(major: Decimal) -> dict[int, int]:
    scaled = {decimals: major.scaleb(decimals) for decimals in (0, 2, 3)}
    return {n: int(value) for n, value in scaled.items() if value == int(value) and 0 < value <= LARGEST}
