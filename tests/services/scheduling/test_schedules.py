"""When schedules are planned."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from webapp.domain.scheduling.recurrence import Recurrence, check, default_grace
from webapp.errors import Invalid

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_two_at_night_in_nairobi_is_eleven_in_the_evening_utc() -> None:
    assert Recurrence("0 2 * * *", "Africa/Nairobi").next(NEW_YEAR) == datetime(2026, 1, 1, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Europe/London", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("cron", ["0 0 * * *", "30 0 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "0 3 * * *"])
def test_a_daily_job_is_planned_once_per_local_day_across_both_changes(zone: str, cron: str) -> None:
    recurrence, half_hour = Recurrence(cron, zone), timedelta(minutes=30)
    slots = recurrence.upcoming(NEW_YEAR, 365)

    local = [slot.astimezone(ZoneInfo(zone)) for slot in slots]
    assert all(later.date() - earlier.date() == timedelta(days=1) for earlier, later in pairwise(local))
    minute, hour = (int(part) for part in cron.split()[:2])
    moved = [each for each in local if (each.hour, each.minute) != (hour, minute)]
    assert len(moved) <= 1  # the day whose clocks skip this time of day
    # Asked at any moment of a day of a change, in the hour that is repeated too, the next one is the same.
    changes = [(slot, later) for slot, later in pairwise(slots) if later - slot != timedelta(days=1)]
    assert changes
    for slot, later in changes:
        moments = [slot + number * half_hour for number in range(52) if slot + number * half_hour < later]
        assert {recurrence.next(moment) for moment in moments} == {later}


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Europe/London"])
def test_an_hourly_job_runs_every_hour_of_the_day_that_has_25(zone: str) -> None:
    slots = Recurrence("0 * * * *", zone).upcoming(NEW_YEAR, 24 * 365)
    assert {later - earlier for earlier, later in pairwise(slots)} == {timedelta(hours=1)}


@pytest.mark.parametrize("cron", ["0 0 * * *", "30 1 * * *", "*/7 * * * *", "15 */3 * * *", "0 6 1 * *", "0 9 * * 1-5"])
@pytest.mark.parametrize("zone", ["UTC", "Africa/Cairo", "Europe/London"])
def test_previous_finds_the_slot_that_next_made(cron: str, zone: str) -> None:
    recurrence = Recurrence(cron, zone)
    for earlier, later in pairwise(recurrence.upcoming(datetime(2026, 3, 28, tzinfo=UTC), 60)):
        assert recurrence.previous(later) == later
        assert recurrence.previous(later - timedelta(seconds=1)) == earlier


def test_grace_is_a_24th_of_the_interval_and_at_least_two_minutes() -> None:
    daily, often = Recurrence("0 2 * * *", "UTC"), Recurrence("*/5 * * * *", "UTC")
    assert default_grace(daily.interval(NEW_YEAR)) == timedelta(hours=1)
    assert default_grace(often.interval(NEW_YEAR)) == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("cron", "part"),
    [
        ("61 * * * *", "minute"),
        ("0 25 * * *", "hour"),
        ("0 0 32 * *", "day of the month"),
        ("0 0 * 13 *", "month"),
        ("0 0 * * 9", "day of the week"),
        ("0 2 * *", "five parts"),
        ("@daily", "five parts"),
        ("", "five parts"),
        ("0 0 30 2 *", "No day"),
        ("0 0 31 4,6 *", "No day"),
        ("*/90 * * * *", "The step of '*/90' is longer than what it steps over; write '0' instead"),
        ("*/60 * * * *", "The step of '*/60'"),
        ("5/55 * * * *", "The step of '5/55' is longer than what it steps over; write '5' instead"),
        ("0-30/31,45 * * * *", "The step of '0-30/31'"),
        ("0 */24 * * *", "The step of '*/24'"),
        ("0 0 */31 * *", "The step of '*/31'"),
        ("0 0 * */12 *", "The step of '*/12'"),
        ("0 0 * * */7", "The step of '*/7'"),
    ],
)
def test_an_expression_that_cant_be_is_refused_by_its_part(cron: str, part: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(cron, "UTC", NEW_YEAR)
    assert part in refused.value.fields["cron"]


@pytest.mark.parametrize("zone", ["EAT", "Mars/Olympus", "", "../etc/passwd", "/usr"])
def test_an_unknown_zone_is_refused_by_name(zone: str) -> None:
    with pytest.raises(Invalid) as refused:
        check("0 2 * * *", zone, NEW_YEAR)
    assert list(refused.value.fields) == ["zone"]
