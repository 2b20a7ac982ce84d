"""Amounts as people of a language read them, with the currency's code before them."""

from functools import lru_cache
from typing import Any

from babel.numbers import NumberPattern, parse_pattern

from webapp.domain.money.money import exponent, major_text, to_major


def localized(amount: int, currency: str, locale: Any) -> str:
    """Minor units with their currency, by a locale's separators; plain for a currency that nobody knows."""
    try:
        pattern = _pattern(exponent(currency))
    except ValueError:
        return f"{currency}\xa0{major_text(amount, currency)}"
    return str(pattern.apply(to_major(amount, currency), locale, currency=currency, currency_digits=False))


@lru_cache
def _pattern(decimals: int) -> NumberPattern:
    return parse_pattern("\xa4\xa4\xa0#,##0" + ("." + "0" * decimals if decimals else ""))
