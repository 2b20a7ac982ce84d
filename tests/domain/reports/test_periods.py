"""Of which days a report is, and what they are compared with."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from webapp.domain.reports.periods import LONGEST, ReportKind, ReportPeriod, chosen, last_complete, month_of
from webapp.errors import Invalid

WEEK = ReportPeriod(date(2026, 3, 2), date(2026, 3, 9))
MONTH = ReportPeriod(date(2026, 2, 1), date(2026, 3, 1))


def test_a_period_is_from_midnight_to_midnight_in_utc() -> None:
    assert (WEEK.days, WEEK.last, str(WEEK)) == (7, date(2026, 3, 8), "2026-03-02 to 2026-03-08")
    assert WEEK.begins == datetime(2026, 3, 2, tzinfo=UTC)
    assert WEEK.ends == datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (WEEK, ReportPeriod(date(2026, 2, 23), date(2026, 3, 2))),
        (MONTH, ReportPeriod(date(2026, 1, 1), date(2026, 2, 1))),
        (ReportPeriod(date(2026, 2, 2), date(2026, 3, 2)), ReportPeriod(date(2026, 1, 5), date(2026, 2, 2))),
        (ReportPeriod(date(2026, 2, 1), date(2026, 2, 28)), ReportPeriod(date(2026, 1, 5), date(2026, 2, 1))),
    ],
)
def test_a_whole_month_is_compared_with_the_month_before_and_days_with_as_many(
    period: ReportPeriod, before: ReportPeriod
) -> None:
    assert period.before == before
    assert period.is_month == (period == MONTH)


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2026, 2028])
def test_a_month_is_that_of_each_of_its_days(year: int, month: int) -> None:
    first = date(year, month, 1)
    end = date(year + month // 12, month % 12 + 1, 1)
    assert {month_of(day) for day in (first, first + timedelta(days=27), end - timedelta(days=1))} == {
        ReportPeriod(first, end)
    }


@pytest.mark.parametrize(
    ("kind", "at", "period"),
    [
        (ReportKind.WEEKLY, datetime(2026, 3, 9, tzinfo=UTC), WEEK),
        (ReportKind.WEEKLY, datetime(2026, 3, 15, 23, 59, tzinfo=UTC), WEEK),
        (ReportKind.WEEKLY, datetime(2026, 3, 16, 2, tzinfo=timezone(timedelta(hours=3))), WEEK),
        (ReportKind.MONTHLY, datetime(2026, 3, 1, tzinfo=UTC), MONTH),
        (ReportKind.MONTHLY, datetime(2026, 3, 31, 23, 59, tzinfo=UTC), MONTH),
    ],
)
def test_the_last_that_is_over_is_reported(kind: ReportKind, at: datetime, period: ReportPeriod) -> None:
    assert last_complete(kind, at) == period


def test_days_may_be_chosen_that_are_over() -> None:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    assert chosen(date(2026, 3, 2), date(2026, 3, 8), at) == WEEK
    assert chosen(date(2026, 3, 8), date(2026, 3, 8), at).days == 1
    assert chosen(date(2025, 3, 8), date(2026, 3, 8), at).days == LONGEST


@pytest.mark.parametrize(
    ("first", "last", "sentence", "fields"),
    [
        (
            date(2026, 3, 2),
            date(2026, 3, 1),
            "The last day comes before the first.",
            {"to": "It comes before the first day."},
        ),
        (
            date(2026, 3, 2),
            date(2026, 3, 9),
            "The last day is not over yet: a report is of whole days in UTC.",
            {"to": "It is not over yet, in UTC."},
        ),
        (
            date(2025, 3, 7),
            date(2026, 3, 8),
            "A report is of 366 days at most.",
            {"from": "A report is of 366 days at most."},
        ),
    ],
)
def test_other_days_are_refused_at_their_field(first: date, last: date, sentence: str, fields: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        chosen(first, last, datetime(2026, 3, 10, 2, tzinfo=timezone(timedelta(hours=3))))
    assert (refused.value.detail, refused.value.fields) == (sentence, fields)
