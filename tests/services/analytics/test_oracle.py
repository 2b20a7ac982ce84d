"""Figures of three hundred days, of UTC's and of tenants' own, against plain Python over the same rows."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.services.analytics.shops import DAYS, FIRST, Figure, Figures, Shops, generated
from webapp.domain.actors import job_actor
from webapp.models import AnalyticsDay, AnalyticsTotal, TenantDailyFigure
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation

JOB = job_actor("aggregate_analytics", 1)
ALL = [FIRST + timedelta(days=number) for number in range(-1, DAYS + 7)]
"""Orders are paid up to five days later, and days of zones begin before UTC's and end after."""
AFTER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shops() -> Shops:
    return generated()


@pytest.mark.long
@pytest.mark.parametrize("own_days", [False, True], ids=["utc", "tenant"])
def test_every_figure_is_what_plain_python_finds(runtime: Runtime, shops: Shops, own_days: bool) -> None:
    settings = runtime.settings.model_copy(update={"analytics_day": "tenant" if own_days else "utc"})
    with runtime.db.transaction() as session:
        shops.write(session)
        session.execute(text("ANALYZE"))
        for day in ALL:
            aggregation.aggregate(session, day, at=AFTER, settings=settings, actor=JOB)
    with runtime.db.reading() as session:
        expected = shops.figures(own_days=own_days)
        assert stored(session) == expected
        assert totals(session) == summed(expected)
        closed = {row.day: row.tenants for row in session.scalars(select(AnalyticsDay))}
    assert closed == {day: len({tenant for its, tenant, _ in expected if its == day}) for day in ALL}


def stored(session: Session) -> Figures:
    row = TenantDailyFigure
    found = select(row.day, row.tenant_id, row.currency, row.orders, row.revenue, row.new_customers, row.products_sold)
    return {(day, tenant, currency): (a, b, c, d) for day, tenant, currency, a, b, c, d in session.execute(found)}


def totals(session: Session) -> dict[tuple[date, str], Figure]:
    row = AnalyticsTotal
    found = select(row.day, row.currency, row.orders, row.revenue, row.new_customers, row.products_sold)
    return {(day, currency): (a, b, c, d) for day, currency, a, b, c, d in session.execute(found)}


def summed(figures: Figures) -> dict[tuple[date, str], Figure]:
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (day, _tenant, currency), its in figures.items():
        for place, value in enumerate(its):
            sums[day, currency][place] += value
    return {key: (each[0], each[1], each[2], each[3]) for key, each in sums.items()}
