"""Money: whole minor units and an ISO 4217 currency. Nothing here rounds silently."""

from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.money.currencies import DECIMALS, RETIRED
from webapp.domain.words import phrase

LARGEST = 10**15
"""The largest amount one action may move, in minor units; sums of a thousand such still fit 64 bits."""

_EVER = DECIMALS | RETIRED


def exponent(currency: str) -> int:
    """Decimals of a currency that is or was in ISO 4217. Raises ValueError for one that is unknown."""
    if currency in _EVER:
        return _EVER[currency]
    raise ValueError(phrase("%(typed)s is not a currency code of ISO 4217", typed=currency or phrase("An empty text")))


def present(currency: str) -> str:
    """The code, if it is a present currency of ISO 4217. Raises ValueError otherwise."""
    if currency in RETIRED:
        raise ValueError(phrase("%(currency)s is no longer a currency of ISO 4217", currency=currency))
    exponent(currency)
    return currency


def known_currencies() -> list[str]:
    """Every currency code that can be used, sorted."""
    return sorted(DECIMALS)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {major_text(self.amount, self.currency)}"


def to_major(amount: int, currency: str) -> Decimal:
    """Minor units as people write them: 250000 NGN is 2500.00."""
    return Decimal(amount).scaleb(-exponent(currency))


def major_text(amount: int, currency: str, *, grouped: bool = True) -> str:
    """Minor units in words: `2,500.00`. For a currency that nobody knows it says that they are minor units."""
    shape = ",f" if grouped else "f"
    if currency not in _EVER:
        return f"{Decimal(amount):{shape}} minor units"
    return f"{to_major(amount, currency):{shape}}"


def from_major(value: Decimal, currency: str) -> int:
    """Minor units of a number in major units. Raises ValueError with a sentence; never rounds."""
    decimals = exponent(currency)
    if not value.is_finite() or abs(value) > LARGEST:
        raise ValueError(phrase("%(value)s is not an amount this desk can hold", value=value))
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise ValueError(
            phrase(
                "%(value)s has too many decimals: %(currency)s has %(decimals)s",
                value=value,
                currency=currency,
                decimals=decimals,
            )
        )
    return int(scaled)


def fee_share(fee: int, part: int, whole: int) -> int:
    """The fee on a part of a hold, in proportion, rounded down in the seller's favour."""
    return fee * part // whole if whole else 0
