"""Periods: a range of days, the one before it, and the groups of days that a chart draws as one bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from webapp.domain.analytics.days import ONE_DAY, days_from
from webapp.domain.words import phrase

LONGEST = 366
"""Days that are told at once."""
_BY_DAY, _BY_WEEK = 62, 190
"""Up to so many days a bar is a day, and up to so many a week; beyond them it is a month."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(phrase("its first day is after its last"))

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of the same length that ends where this begins."""
        return Period(self.first - timedelta(days=self.length), self.first - ONE_DAY)

    def days(self) -> list[date]:
        """Every day of it."""
        return list(days_from(self.first, self.last))


@dataclass(frozen=True, slots=True)
class Group:
    """Days that are shown as one, and what they are called."""

    label: str
    first: date
    last: date


def until(last: date, length: int) -> Period:
    """The period of so many days that ends with this one."""
    return Period(last - timedelta(days=length - 1), last)


def grouped(period: Period) -> Sequence[Group]:
    """The bars of a chart, in order: days, weeks from Monday on, or months, cut where the period begins and ends."""
    groups: list[Group] = []
    first = period.first
    while first <= period.last:
        last = min(_end(first, period.length), period.last)
        groups.append(Group(_label(first, last, period.length), first, last))
        first = last + ONE_DAY
    return groups


def _end(first: date, length: int) -> date:
    if length <= _BY_DAY:
        return first
    if length <= _BY_WEEK:
        return first + timedelta(days=6 - first.weekday())
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1) - ONE_DAY


def _label(first: date, last: date, length: int) -> str:
    if length <= _BY_DAY:
        return f"{first:%d %b}"
    return f"{first:%d %b}–{last:%d %b}" if length <= _BY_WEEK else f"{first:%b %Y}"
