"""The fields of one line of orders: each rule takes text and gives a value, or raises RowError with a sentence."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from webapp.domain import references
from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.instants import EXAMPLE, parse_time_or_day
from webapp.domain.money.amounts import parse_amount
from webapp.domain.money.money import present
from webapp.domain.references import LONGEST_TENANT
from webapp.domain.states import Policy
from webapp.importers.csv_records import RowError

LONGEST_REF = 72
"""Characters of a reference; what is derived from one must fit its column."""

_POLICIES = frozenset(Policy)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_SERIALS = range(1, 2_958_466)
"""The days that a spreadsheet counts, up to the year 9999."""


def reference(text: str, name: str) -> str:
    """A reference that can be stored, shown and searched."""
    if not text:
        raise RowError(f"{name} is empty")
    if len(text) > LONGEST_REF:
        raise RowError(f"{name} is longer than {LONGEST_REF} characters")
    if not references.can_be_shown(text):
        raise RowError(f"{name} {references.NOT_SHOWN}")
    return text


def tenant(text: str) -> str | None:
    """The reference of the order's tenant. None when nothing is said."""
    if len(text) > LONGEST_TENANT:
        raise RowError(f"tenant_ref is longer than {LONGEST_TENANT} characters")
    return reference(text, "tenant_ref") if text else None


@lru_cache(maxsize=1000)
def currency(code: str) -> str:
    """A present currency."""
    try:
        return present(code)
    except ValueError as unknown:
        raise RowError(f"unknown currency: {unknown}") from None


def minor(text: str, code: str, name: str) -> int:
    """Minor units of an amount in major units; never rounds."""
    currency(code)
    if not text:
        raise RowError(f"{name} is empty")
    try:
        return parse_amount(text, code)
    except ValueError as wrong:
        raise RowError(f"{name} {wrong}") from None


def policy(text: str) -> str:
    """What makes the escrow due; `deadline` when nothing is said."""
    if not text:
        return "deadline"
    if text not in _POLICIES:
        raise RowError(f"policy {text!r} is none of {', '.join(Policy)}")
    return text


def instant(text: str, name: str) -> datetime | None:
    """An ISO 8601 time or day, in UTC unless it says its zone. None when nothing is said."""
    if not text:
        return None
    try:
        return parse_time_or_day(text, UTC)
    except ValueError as wrong:
        raise RowError(f"{name} {_not_a_time(text, str(wrong))}") from None


def _not_a_time(text: str, wrong: str) -> str:
    """The reason; a number is told apart, for a spreadsheet makes dates to numbers."""
    if not _NUMBER.fullmatch(text):
        return wrong
    days = int(text.partition(".")[0][:9])
    if days not in _SERIALS:
        return f"{text[:40]!r} is a number, not a time such as {EXAMPLE}"
    day = date(1899, 12, 30) + timedelta(days=days)
    return (
        f"{text[:40]!r} is a serial number, by which a spreadsheet means {day.isoformat()}: show the column as "
        f"yyyy-mm-dd hh:mm:ss before you save it, so that a time is such as {EXAMPLE}"
    )


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
