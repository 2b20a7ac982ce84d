"""Planned instants across both changes of summer time, against instants worked out by hand and by counting minutes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.scheduling.recurrence import Recurrence

BERLIN, LORD_HOWE, CAIRO = "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.mark.parametrize(
    ("cron", "zone", "after", "slots"),
    [
        # Berlin, 29 March: 02:00 becomes 03:00. What falls into the gap runs right after it, once.
        ("30 2 * * *", BERLIN, "03-28T00:00", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        ("0 2 * * *", BERLIN, "03-28T12:00", ["03-29T01:00", "03-30T00:00"]),
        ("0 3 * * *", BERLIN, "03-28T12:00", ["03-29T01:00", "03-30T01:00"]),
        ("15 * * * *", BERLIN, "03-29T00:00", ["03-29T00:15", "03-29T01:15", "03-29T02:15"]),
        # Berlin, 25 October: 03:00 becomes 02:00. A daily job takes the first of the two, an hourly one both.
        ("30 2 * * *", BERLIN, "10-24T12:00", ["10-25T00:30", "10-26T01:30"]),
        ("0 3 * * *", BERLIN, "10-24T12:00", ["10-25T02:00", "10-26T02:00"]),
        ("30 2 * * *", BERLIN, "10-25T01:10", ["10-26T01:30", "10-27T01:30"]),
        ("15 * * * *", BERLIN, "10-24T23:30", ["10-25T00:15", "10-25T01:15", "10-25T02:15"]),
        # Lord Howe changes by half an hour: back on 5 April, forward on 4 October.
        ("0 2 * * *", LORD_HOWE, "04-03T00:00", ["04-03T15:00", "04-04T15:30", "04-05T15:30"]),
        ("15 2 * * *", LORD_HOWE, "10-02T00:00", ["10-02T15:45", "10-03T15:30", "10-04T15:15"]),
        # Cairo changes at midnight, which 24 April does not have.
        ("30 0 * * *", CAIRO, "04-22T00:00", ["04-22T22:30", "04-23T22:00", "04-24T21:30"]),
        # No change in Nairobi; a day of the week is the local one.
        ("0 1 * * 1", "Africa/Nairobi", "03-01T00:00", ["03-01T22:00", "03-08T22:00"]),
        # The last of February, in a year without a 29th.
        ("0 0 28 2 *", "UTC", "01-01T00:00", ["02-28T00:00"]),
    ],
)
def test_slots_are_those_worked_out_by_hand(cron: str, zone: str, after: str, slots: list[str]) -> None:
    assert Recurrence(cron, zone).upcoming(utc(after), len(slots)) == [utc(slot) for slot in slots]


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", LORD_HOWE, "Pacific/Auckland"])
@pytest.mark.parametrize("first", [date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 9, 26)])
def test_a_minute_of_every_hour_is_found_as_by_looking_at_every_minute(zone: str, first: date) -> None:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    minutes = [start + timedelta(minutes=number) for number in range(1, 3 * 24 * 60 + 1)]
    seen = [minute for minute in minutes if minute.astimezone(ZoneInfo(zone)).minute in (0, 20, 40)]
    slots = Recurrence("*/20 * * * *", zone).upcoming(start, len(seen))
    assert slots == seen
    assert {slot.tzinfo for slot in slots} == {UTC}


DAYS = st.integers(0, 730).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))
ZONES = st.sampled_from(["UTC", BERLIN, "America/New_York", LORD_HOWE, CAIRO, "Africa/Nairobi", "Asia/Kathmandu"])


@PROPERTY
@given(day=DAYS, zone=ZONES, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_daily_job_has_one_slot_in_each_local_day(day: datetime, zone: str, hour: int, minute: int) -> None:
    slots = Recurrence(f"{minute} {hour} * * *", zone).upcoming(day, 5)
    local = [slot.astimezone(ZoneInfo(zone)) for slot in slots]
    assert all((later.date() - earlier.date()).days == 1 for earlier, later in pairwise(local))
    wanted = [(hour, minute)] * len(local)
    told = [(each.hour, each.minute) for each in local]
    assert sum(one != other for one, other in zip(told, wanted, strict=True)) <= 1
    assert all(slot > day for slot in slots)
    assert all(slot.utcoffset() == timedelta(0) for slot in slots)


@PROPERTY
@given(day=DAYS, zone=ZONES, cron=st.sampled_from(["*/7 * * * *", "0 */6 * * *", "30 1 * * *", "0 9 * * 1-5"]))
def test_previous_and_next_agree(day: datetime, zone: str, cron: str) -> None:
    recurrence = Recurrence(cron, zone)
    before, coming = recurrence.previous(day), recurrence.next(day)
    assert before is not None
    assert before <= day < coming
    assert recurrence.next(before) == coming
    assert recurrence.previous(coming) == coming


def test_a_day_is_that_of_the_zone() -> None:
    late = utc("03-01T22:30")
    assert Recurrence("0 2 * * *", "Africa/Nairobi").local_day(late) == "2026-03-02"
    assert Recurrence("0 2 * * *", "America/New_York").local_day(late) == "2026-03-01"


@pytest.mark.parametrize(
    ("cron", "usual"),
    [
        ("0 2 * * *", timedelta(days=1)),
        ("*/5 * * * *", timedelta(minutes=5)),
        ("0 9 * * 1-5", timedelta(days=1)),
        ("0 0 * * 0", timedelta(days=7)),
    ],
)
def test_the_usual_interval_is_not_moved_by_a_weekend_or_a_change(cron: str, usual: timedelta) -> None:
    assert Recurrence(cron, BERLIN).interval(utc("03-27T12:00")) == usual


def test_nothing_came_before_the_first_that_ever_fits() -> None:
    assert Recurrence("0 0 29 2 *", "UTC").previous(utc("03-01T00:00")) == datetime(2024, 2, 29, tzinfo=UTC)
