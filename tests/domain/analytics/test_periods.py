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
    with pytest.raises(ValueError, match="after its last"):
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
    assert [group.label for group in grouped(until(last, 366))][-1] == "Nov 2026"
