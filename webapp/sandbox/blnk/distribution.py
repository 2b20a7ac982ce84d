"""How a split divides its amount among its legs, in the order they were named."""

from decimal import Decimal, InvalidOperation

from webapp.sandbox.blnk.envelope import invalid
from webapp.sandbox.core.store import Data

_LEFT = "left"


def divided(total: int, precision: int, legs: list[Data]) -> dict[str, int]:
    """Minor units for each identifier: fixed ones and percents first, then what is left. Raises BlnkWrong.

    An identifier that comes twice is one leg. A part of a unit that no leg has goes to the largest.
    """
    shares: dict[str, int] = {}
    for leg in legs:
        identifier = str(leg.get("identifier") or "")
        if not identifier:
            raise invalid("identifier: cannot be blank.")
        shares[identifier] = shares.get(identifier, 0) + _share(leg, total, precision)
    if sum(shares.values()) > total:
        raise invalid("total distributions exceed 100% or total amount")
    for leg in [leg for leg in legs if _is_left(leg)][:1]:
        shares[str(leg["identifier"])] += total - sum(shares.values())
    largest = max(shares, key=lambda identifier: shares[identifier])
    shares[largest] += total - sum(shares.values())
    return shares


def _is_left(leg: Data) -> bool:
    return _LEFT in (leg.get("distribution"), leg.get("precise_distribution"))


def _share(leg: Data, total: int, precision: int) -> int:
    if _is_left(leg):
        return 0
    try:
        if leg.get("precise_distribution"):
            return _not_negative(int(str(leg["precise_distribution"])))
        text = str(leg.get("distribution") or "")
        if text.endswith("%"):
            return _not_negative(int(total * Decimal(text[:-1]) / 100))
        return _not_negative(int(Decimal(text) * precision))
    except (ValueError, InvalidOperation):
        raise invalid("invalid distribution format") from None


def _not_negative(share: int) -> int:
    if share < 0:
        raise ValueError
    return share
