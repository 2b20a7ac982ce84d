"""Days of a zone, at their edges: midnights, and changes of summer time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from webapp.domain.analytics.days import days_from, last_whole_day, span


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "begins", "ends"),
    [
        ("2026-11-27", "UTC", "2026-11-27 00:00", "2026-11-28 00:00"),
        ("2026-11-27", "Africa/Nairobi", "2026-11-26 21:00", "2026-11-27 21:00"),
        ("2026-03-29", "Europe/Paris", "2026-03-28 23:00", "2026-03-29 22:00"),
        ("2026-10-25", "Europe/Paris", "2026-10-24 22:00", "2026-10-25 23:00"),
        # The clocks of Cairo go forward at midnight: the day begins at one.
        ("2026-04-24", "Africa/Cairo", "2026-04-23 22:00", "2026-04-24 21:00"),
        # Those of Havana go back at one to midnight: the day has the hour twice.
        ("2026-11-01", "America/Havana", "2026-11-01 04:00", "2026-11-02 05:00"),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_of_its_zone(day: str, zone: str, begins: str, ends: str) -> None:
    found = span(date.fromisoformat(day), zone)
    assert (found.day.isoformat(), found.begins, found.ends) == (day, utc(begins), utc(ends))
    assert found.begins.tzinfo is found.ends.tzinfo is UTC


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe"])
def test_the_days_of_a_year_follow_each_other_without_a_gap(zone: str) -> None:
    spans = [span(day, zone) for day in days_from(date(2026, 1, 1), date(2026, 12, 31))]
    assert [each.ends for each in spans[:-1]] == [each.begins for each in spans[1:]]


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        ("2026-11-28 00:00:00", "UTC", "2026-11-27"),
        ("2026-11-27 23:59:59", "UTC", "2026-11-26"),
        ("2026-11-28 01:00:00", "America/Los_Angeles", "2026-11-26"),
        ("2026-11-28 01:00:00", "Pacific/Auckland", "2026-11-27"),
        ("2026-03-29 21:59:59", "Europe/Paris", "2026-03-28"),
        ("2026-03-29 22:00:00", "Europe/Paris", "2026-03-29"),
    ],
)
def test_the_last_whole_day_is_over_to_the_second(at: str, zone: str, day: str) -> None:
    assert last_whole_day(utc(at), zone) == date.fromisoformat(day)


@pytest.mark.parametrize("zone", ["UTC", "Africa/Cairo", "America/Havana", "America/Asuncion", "Atlantic/Azores"])
def test_the_last_whole_day_is_over_and_the_next_is_not(zone: str) -> None:
    at = utc("2026-01-01 00:00")
    for _half_hour in range(2 * 24 * 365):
        at += timedelta(minutes=30)
        day = last_whole_day(at, zone)
        assert span(day, zone).ends <= at < span(day + timedelta(days=1), zone).ends
