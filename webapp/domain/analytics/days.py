"""Days as figures know them: from midnight to midnight, in UTC or on the clocks of a zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """One day in one zone: from `begins` on, and before `ends`, both in UTC. Summer time makes 23 or 25 hours of it."""

    day: date
    begins: datetime
    ends: datetime


def span(day: date, zone: str) -> DaySpan:
    """The day on the clocks of an IANA zone. Where a change of the clock skips midnight, it begins after the change."""
    return DaySpan(day, _midnight(day, zone), _midnight(day + ONE_DAY, zone))


def last_whole_day(at: datetime, zone: str) -> date:
    """The last day that is over, on the clocks of a zone."""
    return at.astimezone(ZoneInfo(zone)).date() - ONE_DAY


def days_from(first: date, last: date) -> Iterator[date]:
    """Every day of a period, both ends included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
