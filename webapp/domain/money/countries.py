"""Countries by their ISO 3166 code, with their currency and time zones, by the tables of Unicode's CLDR in Babel."""

from functools import cache

from babel import Locale
from babel.core import get_global
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


@cache
def zones() -> dict[str, list[str]]:
    """The IANA zones of each country."""
    found: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        found.setdefault(country, []).append(zone)
    return found


def only_zone(country: str) -> str | None:
    """The zone of a country that has one only."""
    found = zones().get(country, [])
    return found[0] if len(found) == 1 else None


def _is_known(currency: str) -> bool:
    try:
        exponent(currency)
    except ValueError:
        return False
    return True
