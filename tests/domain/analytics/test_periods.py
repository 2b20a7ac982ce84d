"""Periods, the one before, and the bars of a chart."""

from datetime import date

import pytest

from webapp.domain.analytics.periods import Period, grouped, until


def test_the_period_before_is_as_long_and_ends_where_this_begins() -> None:
    period = until(date(2026, 11, 27), 30)
    assert (period.first, period.length) == (date(2026, 10, 29), 30)
    assert period.before == Period(date(2026, 9, 29), date(2026, 10, 28))
    assert period.days()[0] == period.first
    assert period.days()[-1] == period.last


def test_a_period_ends_where_it_begins_or_later() -> None:
    assert Period(date(2026, 1, 1), date(2026, 1, 1)).length == 1
    with pytest.raises(ValueError, match=r"^its first day is after its last$"):
        Period(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(("length", "bars"), [(1, 1), (62, 62), (63, 10), (190, 28), (191, 7), (366, 13)])
def test_bars_are_days_then_weeks_then_months(length: int, bars: int) -> None:
    assert len(grouped(until(date(2026, 11, 27), length))) == bars


@pytest.mark.parametrize("length", [1, 62, 63, 190, 191, 366])
def test_every_day_is_in_one_bar(length: int) -> None:
    period = until(date(2026, 11, 27), length)
    days = [day for group in grouped(period) for day in Period(group.first, group.last).days()]
    assert days == period.days()


def test_bars_say_what_they_are() -> None:
    last = date(2026, 11, 27)
    assert [group.label for group in grouped(until(last, 2))] == ["26 Nov", "27 Nov"]
    weeks = grouped(until(last, 63))
    assert (weeks[0].label, weeks[1].label) == ("26 Sep–27 Sep", "28 Sep–04 Oct")
    months = grouped(until(last, 366))
    assert (months[0].label, months[0].first, months[0].last) == ("Nov 2025", date(2025, 11, 27), date(2025, 11, 30))
    assert [group.label for group in months[1:4]] == ["Dec 2025", "Jan 2026", "Feb 2026"]
    assert months[-1].label == "Nov 2026"


def test_bars_of_the_longest_that_are_days_or_weeks_are_called_so() -> None:
    last = date(2026, 11, 27)
    assert grouped(until(last, 62))[0].label == "27 Sep"
    assert grouped(until(last, 190))[0].label == "22 May–24 May"
