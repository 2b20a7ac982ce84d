"""The periods of reports: whole days in UTC, as the figures of the pages are kept."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from webapp.domain.words import phrase
from webapp.errors import Invalid

LONGEST = 366
"""Days of one report."""


class ReportKind(StrEnum):
    """Of what a report is: the last week, the last month, or any days that somebody asked for."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CUSTOM = "custom"


MAILED = (ReportKind.WEEKLY, ReportKind.MONTHLY)
"""Kinds that are sent to who subscribes."""


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """From the midnight with which `first` begins until before the one with which `end` does, in UTC."""

    first: date
    end: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.end - self.first).days

    @property
    def last(self) -> date:
        """The last day that belongs to it."""
        return self.end - timedelta(days=1)

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return _midnight(self.end)

    @property
    def before(self) -> "ReportPeriod":
        """What it is compared with: the calendar month before a calendar month, else as many days before it."""
        if self.is_month:
            return month_of(self.first - timedelta(days=1))
        return ReportPeriod(self.first - timedelta(days=self.days), self.first)

    @property
    def is_month(self) -> bool:
        """Whether it is one whole calendar month."""
        return self == month_of(self.first)

    def __str__(self) -> str:
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


def month_of(day: date) -> ReportPeriod:
    """The calendar month of a day."""
    first = day.replace(day=1)
    return ReportPeriod(first, (first + timedelta(days=32)).replace(day=1))


def last_complete(kind: ReportKind, at: datetime) -> ReportPeriod:
    """The last week from Monday to Monday, or the last calendar month, that is over at an instant."""
    today = at.astimezone(UTC).date()
    if kind == ReportKind.MONTHLY:
        return month_of(today.replace(day=1) - timedelta(days=1))
    monday = today - timedelta(days=today.weekday())
    return ReportPeriod(monday - timedelta(days=7), monday)


def chosen(first: date, last: date, at: datetime) -> ReportPeriod:
    """The days from `first` to `last`, both included. Raises Invalid unless they are over, and not too many."""
    if last < first:
        raise Invalid(
            phrase("The last day comes before the first."), fields={"to": phrase("It comes before the first day.")}
        )
    if last >= at.astimezone(UTC).date():
        sentence = phrase("The last day is not over yet: a report is of whole days in UTC.")
        raise Invalid(sentence, fields={"to": phrase("It is not over yet, in UTC.")})
    period = ReportPeriod(first, last + timedelta(days=1))
    if period.days > LONGEST:
        sentence = phrase("A report is of %(longest)s days at most.", longest=LONGEST)
        raise Invalid(sentence, fields={"from": sentence})
    return period


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
