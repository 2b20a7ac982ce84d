"""Money: whole minor units and an ISO 4217 currency. Nothing here rounds silently."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# Minor units of ISO 4217 (list one, 2024) where they are not 2. Babel's own table differs for some currencies.
_EXPONENTS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)

_TWO_DECIMALS = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IRR",
        "JMD",
        "KES",
        "KGS",
        "KHR",
        "KPW",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "WST",
        "XCD",
        "YER",
        "ZAR",
        "ZMW",
    ]
)

LARGEST = 10**15
"""The largest amount one deed may move, in minor units; sums of a thousand such still fit 64 bits."""


def exponent(currency: str) -> int:
    """Decimals of a currency by ISO 4217. Raises ValueError for one that is unknown."""
    if currency in _EXPONENTS:
        return _EXPONENTS[currency]
    if currency in _TWO_DECIMALS:
        return 2
    raise ValueError(f"{currency or 'An empty text'} is not a currency code of ISO 4217")


def known_currencies() -> list[str]:
    """Every currency code that can be used, sorted."""
    return sorted(_TWO_DECIMALS | _EXPONENTS.keys())


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    amount: int
    currency: str

    def divide(self, *percents: int) -> tuple["Money", ...]:
        """Shares in the given percents, which sum to the whole; the first share takes the odd unit."""
        rest = [self.amount * percent // 100 for percent in percents[1:]]
        return tuple(Money(share, self.currency) for share in (self.amount - sum(rest), *rest))

    def __str__(self) -> str:
        return f"{self.currency} {to_major(self.amount, self.currency):,f}"


def to_major(amount: int, currency: str) -> Decimal:
    """Minor units as people write them: 250000 NGN is 2500.00."""
    return Decimal(amount).scaleb(-exponent(currency))


def parse_major(text: str, currency: str) -> int:
    """Minor units of an amount as people write it. Raises ValueError with a sentence; never rounds."""
    decimals = exponent(currency)
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"{text.strip()!r} is not an amount") from None
    if not value.is_finite() or abs(value) > LARGEST:
        raise ValueError(f"{text.strip()!r} is not an amount this desk can hold")
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text.strip()!r} has too many decimals: {currency} has {decimals}")
    return int(scaled)


def fee_share(fee: int, part: int, whole: int) -> int:
    """The fee on a part of a hold, in proportion, rounded down in the seller's favour."""
    return fee * part // whole if whole else 0
