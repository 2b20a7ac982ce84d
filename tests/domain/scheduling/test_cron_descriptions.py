"""A schedule in words, held to the instants at which it is planned."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.scheduling.cron_descriptions import _without_uneven_steps, in_words
from webapp.domain.scheduling.recurrence import Recurrence, check
from webapp.errors import Invalid

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 70
_MINUTES = [_FIRST + timedelta(minutes=minute) for minute in range(_DAYS * 24 * 60)]

Fits = Callable[[datetime], bool]


@pytest.mark.parametrize(
    ("cron", "words", "fits"),
    [
        ("* * * * *", "Every minute", lambda at: True),
        ("*/5 * * * *", "Every 5 minutes", lambda at: at.minute % 5 == 0),
        ("*/1 * * * *", "Every minute", lambda at: True),
        ("*/7 * * * *", "At minutes 0, 7, 14, 21, 28, 35, 42, 49, and 56 of every hour", lambda at: at.minute % 7 == 0),
        ("5/20 * * * *", "At minutes 5, 25, and 45 of every hour", lambda at: at.minute in (5, 25, 45)),
        ("0-30/15 * * * *", "At minutes 0, 15, and 30 of every hour", lambda at: at.minute in (0, 15, 30)),
        ("0 * * * *", "At the start of every hour", lambda at: at.minute == 0),
        ("30 * * * *", "At minute 30 of every hour", lambda at: at.minute == 30),
        ("0 */2 * * *", "Every 2 hours", lambda at: at.hour % 2 == 0 and at.minute == 0),
        (
            "0 */5 * * *",
            "At minute 0 past hours 0, 5, 10, 15, and 20",
            lambda at: at.minute == 0 and at.hour in (0, 5, 10, 15, 20),
        ),
        ("0 2 * * *", "At 02:00 every day", lambda at: (at.hour, at.minute) == (2, 0)),
        ("0 2,14 * * *", "At 02:00 and 14:00 every day", lambda at: at.hour in (2, 14) and at.minute == 0),
        (
            "0 9 * * 1-5",
            "At 09:00 on Monday through Friday",
            lambda at: (at.hour, at.minute) == (9, 0) and at.isoweekday() < 6,
        ),
        ("0 0 * * 7", "At 00:00 on Sunday", lambda at: (at.hour, at.minute) == (0, 0) and at.isoweekday() == 7),
        (
            "0 0 * * */2",
            "At 00:00 on Sunday, Tuesday, Thursday, and Saturday",
            lambda at: (at.hour, at.minute) == (0, 0) and at.isoweekday() % 7 in (0, 2, 4, 6),
        ),
        (
            "0 0 * * 5-7/2",
            "At 00:00 on Sunday and Friday",
            lambda at: (at.hour, at.minute) == (0, 0) and at.isoweekday() in (5, 7),
        ),
        (
            "0 0 * * 5L,*/3",
            "At 00:00 on the last Friday of the month and every third day of week",
            lambda at: (
                (at.hour, at.minute) == (0, 0)
                and (at.isoweekday() % 7 in (0, 3, 6) or (at.isoweekday() == 5 and (at + timedelta(days=7)).day < 8))
            ),
        ),
        (
            "0 0 */15 * *",
            "At 00:00 on the first, the 16th, and the 31st day of month",
            lambda at: (at.hour, at.minute) == (0, 0) and at.day in (1, 16, 31),
        ),
        (
            "0 0 */2 * 1",
            "At 00:00 on every second day of month if it's on Monday",
            lambda at: (at.hour, at.minute) == (0, 0) and at.day % 2 == 1 and at.isoweekday() == 1,
        ),
        (
            "0 0 1 * 1",
            "At 00:00 on the first day of month, and also on Monday",
            lambda at: (at.hour, at.minute) == (0, 0) and (at.day == 1 or at.isoweekday() == 1),
        ),
        (
            "0 0 31 * *",
            "At 00:00 on the 31st day of every month",
            lambda at: at.day == 31 and at.hour == at.minute == 0,
        ),
        (
            "0 0 1 */5 *",
            "At 00:00 on the first day of January, June, and November",
            lambda at: (at.day, at.hour, at.minute) == (1, 0, 0) and at.month in (1, 6, 11),
        ),
    ],
)
def test_the_words_say_when_it_is_planned(cron: str, words: str, fits: Fits) -> None:
    in_words.cache_clear()
    assert in_words(cron) == words
    planned = [
        slot for slot in Recurrence(cron, "UTC").upcoming(_FIRST - timedelta(minutes=1), 200) if slot <= _MINUTES[-1]
    ]
    assert planned == [at for at in _MINUTES if fits(at)][: len(planned)]
    assert planned


def _part(first: int, last: int) -> st.SearchStrategy[str]:
    values = st.integers(first, last)
    ranges = st.tuples(values, values).map(lambda pair: f"{min(pair)}-{max(pair)}")
    base = st.one_of(st.just("*"), values.map(str), ranges)
    term = st.tuples(base, st.integers(1, 70)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.lists(st.one_of(base, term), min_size=1, max_size=3).map(",".join)


_CRONS = st.tuples(_part(0, 59), _part(0, 23), _part(1, 31), _part(1, 12), _part(0, 7)).map(" ".join)


@given(_CRONS)
def test_what_is_said_is_planned_at_the_same_instants(cron: str) -> None:
    """The words are made of an expression without uneven steps, which must be the same plan."""
    try:
        recurrence = check(cron, "UTC", _FIRST)
    except Invalid:
        return
    assert Recurrence(_without_uneven_steps(cron), "UTC").upcoming(_FIRST, 50) == recurrence.upcoming(_FIRST, 50)
    assert in_words(cron)


def test_what_is_no_expression_is_shown_as_it_is() -> None:
    in_words.cache_clear()
    for cron in ("", "nonsense", "61 * * * *", "* * *", "*/0 * * * *"):
        assert in_words(cron) == cron
