"""Instants as they are written outside: with a zone, in a person's zone, and as days."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.odd import ODD_INSTANTS
from tests.support.paths import ROOT
from webapp import clock
from webapp.domain.instants import (
    EXAMPLE,
    in_utc,
    in_words,
    parse_day,
    parse_instant,
    parse_local,
    parse_time_or_day,
    parts_of,
    shown_in,
    within_years,
    zone_words,
)

NAIROBI, BERLIN, SAMOA = ZoneInfo("Africa/Nairobi"), ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-03-31T14:00:00Z", datetime(2026, 3, 31, 14, tzinfo=UTC)),
        ("2026-03-31t14:00:00z", datetime(2026, 3, 31, 14, tzinfo=UTC)),
        (" 2026-03-31 14:00:00+03:00 ", datetime(2026, 3, 31, 11, tzinfo=UTC)),
        ("2026-03-31T14:00:00.123456789-00:00", datetime(2026, 3, 31, 14, 0, 0, 123_456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59Z", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T00:00:00+14:00", datetime(2024, 2, 28, 10, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_with_a_zone(typed: str, instant: datetime) -> None:
    assert parse_instant(typed) == instant
    assert parse_instant(typed).tzinfo is UTC


@pytest.mark.parametrize("typed", ODD_INSTANTS)
def test_what_is_no_instant_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is |has ") as wrong:
        parse_instant(typed)
    assert len(str(wrong.value)) < 250


@given(st.timedeltas(timedelta(), timedelta(days=84_005)).map(lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since))
def test_what_the_desk_writes_it_reads_back(instant: datetime) -> None:
    assert parse_instant(clock.iso(instant)) == instant == clock.from_iso(clock.iso(instant))


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{0,12}[Z+-][0-9:]{0,6}"))
def test_no_text_breaks_it(text: str) -> None:
    for read in (parse_instant, lambda typed: parse_time_or_day(typed, SAMOA), lambda typed: parse_day(typed, BERLIN)):
        try:
            assert 1969 <= read(text).year <= 2200
        except ValueError as wrong:
            assert str(wrong)  # noqa: PT017


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-03-31T14:30", datetime(2026, 3, 31, 11, 30, tzinfo=UTC)),
        ("2026-03-31 14:30:15", datetime(2026, 3, 31, 11, 30, 15, tzinfo=UTC)),
        ("2026-03-31T14:30:00Z", datetime(2026, 3, 31, 14, 30, tzinfo=UTC)),
    ],
)
def test_local_time_is_that_of_the_persons_zone(typed: str, instant: datetime) -> None:
    assert parse_local(typed, NAIROBI) == instant


def test_a_repeated_local_time_is_its_first_and_a_skipped_one_is_refused() -> None:
    assert parse_local("2026-10-25T02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="the clock was put forward"):
        parse_local("2026-03-29T02:30", BERLIN)


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59", "2200-01-01T14:00", "1969-12-31T09:00"])
def test_local_time_has_the_same_years(typed: str) -> None:
    for zone in (NAIROBI, BERLIN, SAMOA):
        with pytest.raises(ValueError, match="1970 to 2199"):
            parse_local(typed, zone)


@pytest.mark.parametrize("typed", ["2200-01-01T14:00", "2200-01-01T14:00:00Z"])
def test_what_is_outside_is_named_as_it_was_typed(typed: str) -> None:
    with pytest.raises(ValueError, match=f"^'{typed}' is not in the years 1970 to 2199$"):
        parse_local(typed, UTC)


@pytest.mark.parametrize(("length", "named"), [(40, "'{}'"), (41, "'{}…'"), (42, "'{}…'")])
def test_what_is_no_time_is_named_by_its_beginning(length: int, named: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_local("x" * length, UTC)
    assert str(refused.value) == f"{named.format('x' * 40)} is not an ISO 8601 time, such as {EXAMPLE}"


def test_a_day_begins_at_midnight_in_the_persons_zone() -> None:
    assert parse_day("2026-03-31", NAIROBI) == datetime(2026, 3, 30, 21, tzinfo=UTC)
    assert parse_day("2199-12-31", SAMOA) + timedelta(days=1) > parse_day("1970-01-01", SAMOA)


@pytest.mark.parametrize(
    "typed", ["9999-12-31", "0001-01-01", "2026-02-30", "2026-3-1", "20260331", "2026-W14", "", "1"]
)
def test_a_day_that_can_not_be_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is "):
        parse_day(typed, SAMOA)


def test_an_instant_at_the_end_of_the_calendar_is_shown_all_the_same() -> None:
    for instant in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        for zone in (SAMOA, ZoneInfo("America/Los_Angeles")):
            assert shown_in(instant, zone).isoformat()
        with pytest.raises(ValueError, match="1970 to 2199"):
            within_years(instant)


def test_instants_within_a_sentence_are_said_as_people_read_them_in_their_zone() -> None:
    sentence = "Due since 2026-11-24T18:46:00Z, not 2026-13-99T00:00:00Z; ref x2026-11-24T18:46:00Z."
    assert in_words(sentence, ZoneInfo("Africa/Nairobi")) == (
        "Due since 24 November 2026, 21:46 (Nairobi), not 2026-13-99T00:00:00Z; ref x2026-11-24T18:46:00Z."
    )
    assert in_words("Nothing.", UTC) == "Nothing."


def test_an_instant_of_a_sentence_is_read_again_wherever_it_is_said() -> None:
    at = datetime(2026, 5, 3, 4, 5, tzinfo=UTC)
    assert in_utc(at.astimezone(timezone(timedelta(hours=8)))) == "03 May 2026 at 04:05 UTC"
    assert list(parts_of(f"It waits until {in_utc(at)}, then goes.")) == ["It waits until ", at, ", then goes."]
    for other in ("31 February 2026 at 04:05 UTC", "03 Mayo 2026 at 04:05 UTC", "x03 May 2026 at 04:05 UTC"):
        assert list(parts_of(other)) == [other]


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        (" 2026-03-31 ", datetime(2026, 3, 30, 21, tzinfo=UTC)),
        ("2026-03-31T14:30", datetime(2026, 3, 31, 11, 30, tzinfo=UTC)),
        ("2026-03-31T14:30:00Z", datetime(2026, 3, 31, 14, 30, tzinfo=UTC)),
    ],
)
def test_a_filter_takes_a_day_or_a_time_of_the_persons_zone(typed: str, instant: datetime) -> None:
    found = parse_time_or_day(typed, NAIROBI)
    assert found == instant
    assert found.tzinfo is UTC


def test_an_instant_that_is_outside_is_named_as_it_was_typed_or_as_it_is() -> None:
    for instant in (datetime(1969, 12, 31, tzinfo=UTC), datetime.max.replace(tzinfo=timezone(timedelta(hours=-9)))):
        with pytest.raises(ValueError, match=r"^'then' is not in the years 1970 to 2199$"):
            within_years(instant, "then")
        with pytest.raises(ValueError, match="^'" + str(instant)[:10]):
            within_years(instant)


def test_there_is_no_hour_24() -> None:
    with pytest.raises(ValueError, match="is a time that no calendar has"):
        parse_instant("2026-03-31T24:00:00Z")


def test_what_can_not_be_on_a_calendar_is_left_and_what_follows_is_read() -> None:
    at = datetime(2026, 5, 3, 4, 5, tzinfo=UTC)
    assert list(parts_of(f"Not 31 February 2026 at 04:05 UTC but {in_utc(at)}")) == [
        "Not 31 February 2026 at 04:05 UTC but ",
        at,
        "",
    ]


def test_what_is_told_in_utc_is_so_on_any_machine() -> None:
    assert in_utc(datetime(2026, 5, 3, 4, 5, tzinfo=UTC)) == "03 May 2026 at 04:05 UTC"
    first = datetime.min.replace(tzinfo=UTC)
    assert shown_in(first, ZoneInfo("America/Los_Angeles")).tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (ZoneInfo("Asia/Manila"), "(Manila)"),
        (ZoneInfo("America/Argentina/Buenos_Aires"), "(Buenos Aires)"),
        (ZoneInfo("UTC"), "UTC"),
        (ZoneInfo("Etc/UTC"), "UTC"),
        (ZoneInfo("Etc/GMT-3"), "UTC+03:00"),
        (UTC, "UTC"),
        (timezone(timedelta(hours=-5, minutes=-30)), "UTC-05:30"),
    ],
)
def test_a_clock_is_named_by_its_city_or_its_distance_and_never_by_letters(zone: Any, words: str) -> None:
    assert zone_words(datetime(2026, 11, 28, 12, tzinfo=zone)) == words


def test_no_page_or_letter_names_a_zone_by_its_letters() -> None:
    """PST is Manila's and Los Angeles'. What outside systems read keeps the letters that they know."""
    kept = {ROOT / "webapp/api/jobs/legacy_escrow_jobs.py"}
    sources = [*(ROOT / "webapp").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    named = [file for file in sources if re.search(r"%Z|tzname\(", file.read_text())]
    assert set(named) == kept
