"""Countries by their ISO 3166 code, and the currency that each pays in: by the tables of Unicode's CLDR, in Babel."""

from functools import cache

from babel import Locale
from babel.numbers import get_territory_currencies

from webapp.domain.money.money import exponent

_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Two letters that name regions and tests."""


@cache
def codes() -> frozenset[str]:
    """Every country's code."""
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


@cache
def currencies() -> dict[str, str]:
    """The currency of each country that has one which this desk can count in."""
    found = {code: get_territory_currencies(code) for code in sorted(codes())}
    return {code: names[0] for code, names in found.items() if names and _is_known(names[0])}


def _is_known(currency: str) -> bool:
    try:
        exponent(currency)
    except ValueError:
        return False
    return True
