"""Amounts as people write them: the one way they are read, whoever writes them.

ASCII digits, a point before the decimals, commas between groups of three digits or none at all. What somebody could
mean in two ways is refused: `12,50`, `1.250,00`, and `1.250` in a currency that has no three decimals.
"""

import re
from decimal import Decimal

from webapp.domain.money.money import LARGEST, exponent
from webapp.domain.words import phrase

_DIGITS = 15
_WRITTEN = re.compile(r"(?P<whole>[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?", re.ASCII)
_NEGATIVE = re.compile(r"[-\u2212]\s*[0-9.,]+|\([0-9.,]+\)", re.ASCII)
_GROUP_LIKE = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
_HALF = re.compile(r"(?:[0-9,]+\.|\.[0-9]+)", re.ASCII)
_EXAMPLES = {0: "1,250 or 1250", 2: "1,250.00 or 1250.00", 3: "1,250.000 or 1250.000"}


def parse_amount(text: str, currency: str) -> int:
    """Minor units of an amount in major units. Raises ValueError with a sentence (without a stop); never rounds."""
    decimals = exponent(currency)
    typed = text.strip()
    whole, part = _split(typed, _EXAMPLES[decimals])
    if len(part) > decimals:
        part = _without_zeros(typed, part, currency, decimals)
    if decimals == 3 and not part and typed.count(",") == 1:
        raise ValueError(
            phrase(
                "%(typed)s could be read in two ways in %(currency)s: write %(examples)s for the larger one",
                typed=f"{typed!r}",
                currency=currency,
                examples=_EXAMPLES[3],
            )
        )
    return _bounded(typed, whole + part.ljust(decimals, "0"), LARGEST)


def parse_any_currency(text: str) -> Decimal:
    """An amount whose currency is not known, in major units: what no currency could read in another way.

    Raises ValueError with a sentence (without a stop).
    """
    typed = text.strip()
    whole, part = _split(typed, _EXAMPLES[2])
    if len(part) > max(_EXAMPLES):
        raise ValueError(phrase("%(typed)s has more decimals than any currency", typed=_short(typed)))
    if _GROUP_LIKE.fullmatch(typed):
        raise ValueError(
            phrase(
                "%(typed)s could be read in two ways: for thousands write %(examples)s",
                typed=_short(typed),
                examples=_EXAMPLES[2],
            )
        )
    _bounded(typed, whole, LARGEST)
    return Decimal(f"{whole}.{part or '0'}")


def _split(typed: str, example: str) -> tuple[str, str]:
    """The digits before and after the point."""
    found = _WRITTEN.fullmatch(typed)
    if found is None:
        raise ValueError(_wrong(typed, example))
    return found["whole"].replace(",", ""), found["part"] or ""


def _without_zeros(typed: str, part: str, currency: str, decimals: int) -> str:
    """The decimals without zeros that say nothing. Three digits behind a point could be a group of three instead."""
    if len(part) == 3:
        raise ValueError(
            phrase(
                "%(typed)s has too many decimals: %(currency)s has %(decimals)s; for thousands write %(examples)s",
                typed=f"{typed!r}",
                currency=currency,
                decimals=decimals,
                examples=_EXAMPLES[decimals],
            )
        )
    kept = part.rstrip("0")
    if len(kept) > decimals:
        raise ValueError(
            phrase(
                "%(typed)s has too many decimals: %(currency)s has %(decimals)s",
                typed=f"{typed!r}",
                currency=currency,
                decimals=decimals,
            )
        )
    return kept


def _bounded(typed: str, digits: str, most: int) -> int:
    plain = digits.lstrip("0") or "0"
    if len(plain) > _DIGITS + max(_EXAMPLES) or int(plain) > most:
        raise ValueError(phrase("%(typed)s is larger than this desk can hold", typed=_short(typed)))
    return int(plain)


def _wrong(typed: str, example: str) -> str:
    if not typed:
        return phrase("Write an amount, such as %(example)s", example=example)
    if _NEGATIVE.fullmatch(typed):
        return phrase("%(typed)s is negative", typed=_short(typed))
    if _HALF.fullmatch(typed):
        return phrase("%(typed)s needs digits on both sides of its point, such as 0.50 or 5.00", typed=_short(typed))
    if "," in typed and re.fullmatch(r"[0-9.,]+", typed, re.ASCII):
        return phrase(
            "%(typed)s could be read in two ways: write a point before the decimals, and commas only between "
            "groups of three digits, such as %(example)s",
            typed=_short(typed),
            example=example,
        )
    return phrase(
        "%(typed)s is not an amount, such as %(example)s: only the digits 0 to 9, a point and commas",
        typed=_short(typed),
        example=example,
    )


def _short(typed: str) -> str:
    return repr(typed if len(typed) <= 40 else f"{typed[:40]}…")
