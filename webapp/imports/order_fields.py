"""The fields of one line of orders: each rule takes text and gives a value, or raises BadLine with a sentence."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from webapp.domain.money import LARGEST, exponent
from webapp.domain.policies import AFTER_COMPLETION
from webapp.domain.states import Policy
from webapp.imports.lines import BadLine

LONGEST_REF = 72
"""Characters of a reference; what is derived from one must fit its column."""

_POLICIES = frozenset(Policy)
_YEARS = range(1970, 2200)
_PLAIN = re.compile(r"[0-9]{1,15}(?:\.([0-9]+))?", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", re.ASCII)
_NEGATIVE = re.compile(r"-[0-9.,]+", re.ASCII)


def reference(text: str, name: str) -> str:
    """A reference that can be stored, shown and searched."""
    if not text:
        raise BadLine(f"{name} is empty")
    if len(text) > LONGEST_REF:
        raise BadLine(f"{name} is longer than {LONGEST_REF} characters")
    if not text.isprintable():
        raise BadLine(f"{name} has a character that can't be shown")
    return text


@lru_cache(maxsize=1000)
def decimals(currency: str) -> int:
    """Decimals of a currency."""
    try:
        return exponent(currency)
    except ValueError as unknown:
        raise BadLine(f"unknown currency: {unknown}") from None


def minor(text: str, currency: str, name: str) -> int:
    """Minor units of an amount in major units; never rounds."""
    places = decimals(currency)
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        plain = _PLAIN.fullmatch(_ungrouped(text, name))
    if plain is None:
        raise BadLine(f"{name} {text!r} is larger than this desk can hold")
    whole, _, part = plain.group().partition(".")
    part = part.rstrip("0") if len(part) > places else part
    if len(part) > places:
        raise BadLine(f"{name} {text!r} has too many decimals: {currency} has {places}")
    value = int(whole + part.ljust(places, "0"))
    if value > LARGEST:
        raise BadLine(f"{name} {text!r} is larger than this desk can hold")
    return value


def _ungrouped(text: str, name: str) -> str:
    if not text:
        raise BadLine(f"{name} is empty")
    if _NEGATIVE.fullmatch(text):
        raise BadLine(f"{name} {text!r} is negative")
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return text
    raise BadLine(f"{name} {text!r} is not an amount, such as 1250.00")


def policy(text: str) -> str:
    """What makes the escrow due; `deadline` when nothing is said."""
    if not text:
        return "deadline"
    if text not in _POLICIES:
        raise BadLine(f"policy {text!r} is none of {', '.join(Policy)}")
    return text


def instant(text: str, name: str) -> datetime | None:
    """An ISO 8601 time in UTC; one without an offset is taken as UTC. None when nothing is said."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadLine(f"{name} {text!r} is not an ISO 8601 time, such as 2026-03-31T14:00:00Z") from None
    if found.year not in _YEARS:
        raise BadLine(f"{name} {text!r} is not in the years {_YEARS[0]} to {_YEARS[-1]}")
    return found


def stored(found: datetime | None) -> str | None:
    """UTC text of one fixed width, which both databases read as this instant and which sorts as time."""
    return None if found is None else f"{found.replace(tzinfo=None).isoformat(' ', 'microseconds')}"


def release_at(
    how: str, created: datetime, completed: datetime | None, release_days: int, buffer_days: int
) -> datetime | None:
    """When a policy makes an escrow due if the file doesn't say; None when nothing does yet."""
    if how == "deadline":
        return created + timedelta(days=release_days)
    if how in AFTER_COMPLETION and completed is not None:
        return completed + timedelta(days=buffer_days if how == Policy.BUFFER else 0)
    return None
