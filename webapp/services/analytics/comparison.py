"""A period beside the one before it: what a page shows, a file holds and a report says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.analytics.periods import Group, Period
from webapp.models import AnalyticsDay
from webapp.services.analytics import figures
from webapp.services.analytics.figures import NOTHING, DayFigures, Sales


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """The days of a period and of the one before, each in order."""

    period: Period
    days: list[DayFigures]
    before: list[DayFigures]
    begins: date | None
    """The first day of all that is closed; before it there was nothing to count."""

    @property
    def currencies(self) -> list[str]:
        """Those of either period."""
        return sorted({currency for each in (*self.days, *self.before) for currency in each.sales})

    @property
    def open_days(self) -> list[date]:
        """The days of the period that are not closed, since there are figures at all."""
        since = self.begins or self.period.first
        return [each.day for each in self.days if not each.is_closed and each.day >= since]

    @property
    def new_customers(self) -> tuple[int, int]:
        """Of the period, and of the one before."""
        return sum(each.new_customers for each in self.days), sum(each.new_customers for each in self.before)

    def sales(self, currency: str) -> tuple[Sales, Sales]:
        """What was sold in the period, and in the one before."""
        return sold(self.days, currency), sold(self.before, currency)

    def grouped(self, groups: Sequence[Group]) -> list[list[DayFigures]]:
        """The days of each group."""
        return [[each for each in self.days if group.first <= each.day <= group.last] for group in groups]


def compare(session: Session, period: Period, tenant_id: int | None = None) -> PeriodComparison:
    """Both periods, of one tenant or of all together."""
    both = figures.daily(session, Period(period.before.first, period.last), tenant_id)
    begins = session.scalar(select(func.min(AnalyticsDay.day)))
    return PeriodComparison(period, both[period.length :], both[: period.length], begins)


def sold(days: Sequence[DayFigures], currency: str) -> Sales:
    """What the days come to in one currency."""
    return figures.summed(days).get(currency, NOTHING)
