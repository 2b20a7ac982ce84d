"""A day's figures: what counts for them, replaced as a whole, and closed when all of them are there."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.races.waiting import meanwhile
from tests.services.analytics.rows import AT, DAY, JOB, a_customer, a_tenant, an_order, closed, figures, utc
from webapp.errors import Conflict
from webapp.models import AnalyticsDay, Order
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation
from webapp.services.analytics.aggregation import Waiting
from webapp.settings import Settings


def aggregate(session: Session, runtime: Runtime, day: date = DAY, *, at: str = "", zones: bool = False) -> int:
    settings = runtime.settings.model_copy(update={"analytics_day": "tenant" if zones else "utc"})
    when = utc(at) if at else AT
    return aggregation.aggregate(session, day, at=when, settings=settings, actor=JOB).done


def test_an_order_counts_when_it_is_made_its_money_and_pieces_when_it_is_paid(
    runtime: Runtime, session: Session
) -> None:
    shop = a_tenant(session, "shop")
    an_order(session, shop, "2026-11-26 00:00", "2026-11-26 23:59:59.999999", amount=700, pieces=3)
    an_order(session, shop, "2026-11-26 12:00")
    an_order(session, shop, "2026-11-20 12:00", "2026-11-26 00:00", amount=50, pieces=2)
    an_order(session, shop, "2026-11-26 12:00", "2026-11-27 00:00", amount=9_000, pieces=9)
    an_order(session, shop, "2026-11-26 12:00", "2026-11-26 13:00", amount=5, currency="RWF", pieces=1)
    a_customer(session, shop, "2026-11-26 08:00")
    a_customer(session, shop, "2026-11-27 00:00")
    assert aggregate(session, runtime) == 1
    assert figures(session, shop) == {"NGN": (3, 750, 0, 5), "RWF": (1, 5, 0, 1), "XXX": (0, 0, 1, 0)}
    assert closed(session) == {DAY: 1}


def test_making_a_day_again_replaces_it_as_a_whole(runtime: Runtime, session: Session) -> None:
    first, second = a_tenant(session, "first"), a_tenant(session, "second")
    gone = an_order(session, first, "2026-11-26 10:00", "2026-11-26 11:00", currency="RWF")
    aggregate(session, runtime)
    assert figures(session, first) == {"RWF": (1, 1_000, 0, 0)}
    session.execute(update(Order).where(Order.id == gone).values(tenant="second", currency="NGN"))
    assert aggregate(session, runtime) == 1
    assert (figures(session, first), figures(session, second)) == ({}, {"NGN": (1, 1_000, 0, 0)})
    assert aggregate(session, runtime) == 1
    assert [total.revenue for total in aggregation.totals(session, DAY)] == [1_000]


def test_a_day_that_is_not_over_is_refused(runtime: Runtime, session: Session) -> None:
    with pytest.raises(Conflict, match="is not over yet"):
        aggregate(session, runtime, at="2026-11-26 23:59:59")
    assert closed(session) == {}
    aggregate(session, runtime, at="2026-11-27 00:00")
    assert closed(session) == {DAY: 0}


def test_a_day_of_zones_is_closed_when_it_is_over_in_all_of_them(runtime: Runtime, session: Session) -> None:
    east, west, nowhere = (
        a_tenant(session, ref, zone)
        for ref, zone in (("east", "Africa/Nairobi"), ("west", "America/Los_Angeles"), ("nowhere", "Mars/Olympus"))
    )
    for shop in (east, west, nowhere):
        an_order(session, shop, "2026-11-25 21:00")  # Midnight in Nairobi.
        an_order(session, shop, "2026-11-26 08:00")  # Midnight in Los Angeles.
    aggregate(session, runtime, zones=True)
    assert [figures(session, shop) for shop in (east, west, nowhere)] == [
        {"NGN": (2, 0, 0, 0)},
        {},
        {"NGN": (1, 0, 0, 0)},
    ]
    assert closed(session) == {}
    aggregate(session, runtime, at="2026-11-27 08:00", zones=True)
    assert figures(session, west) == {"NGN": (1, 0, 0, 0)}
    assert closed(session) == {DAY: 3}


def test_what_a_run_takes_is_yesterday_and_every_day_that_is_not_closed(runtime: Runtime, session: Session) -> None:
    assert aggregation.due_days(session, runtime.settings, AT) == [DAY]
    shop = a_tenant(session, "shop")
    an_order(session, shop, "2026-11-23 12:00")
    four = [DAY - timedelta(days=number) for number in range(4)]
    assert aggregation.due_days(session, runtime.settings, AT) == four
    for day in four[:2]:
        aggregate(session, runtime, day)
    assert aggregation.due_days(session, runtime.settings, AT) == [DAY, *four[2:]]


def test_of_zones_each_has_its_own_yesterday(runtime: Runtime, session: Session) -> None:
    settings = runtime.settings.model_copy(update={"analytics_day": "tenant"})
    a_tenant(session, "west", "America/Los_Angeles")
    assert aggregation.due_days(session, settings, AT) == [DAY, DAY - timedelta(days=1)]


def test_how_far_back_is_looked_has_an_end(runtime: Runtime, session: Session) -> None:
    an_order(session, a_tenant(session, "shop"), "1999-12-31 12:00")
    due = aggregation.due_days(session, runtime.settings, AT)
    assert (len(due), due[0]) == (aggregation.LONGEST_GAP + 1, DAY)


def waiting(session: Session, settings: Settings) -> Waiting:
    return aggregation.waiting(session, settings, date(2026, 11, 20), DAY, AT)


def test_a_day_counted_by_other_hours_is_counted_again(runtime: Runtime, session: Session) -> None:
    shop = a_tenant(session, "shop", "Africa/Nairobi")
    an_order(session, shop, "2026-11-25 22:00")
    an_order(session, shop, "2026-11-26 12:00")
    aggregate(session, runtime, date(2026, 11, 25))
    aggregate(session, runtime)
    by_tenant = runtime.settings.model_copy(update={"analytics_day": "tenant"})
    assert waiting(session, runtime.settings) == Waiting([], 0, 0)
    assert waiting(session, by_tenant) == Waiting([], 2, 0)
    assert aggregation.due_days(session, runtime.settings, AT) == [DAY]
    assert aggregation.due_days(session, by_tenant, AT) == [DAY, date(2026, 11, 25)]
    aggregate(session, runtime, zones=True)
    assert figures(session, shop) == {"NGN": (2, 0, 0, 0)}
    assert waiting(session, by_tenant) == Waiting([], 1, 0)


def test_a_preview_says_the_same_and_writes_nothing(runtime: Runtime, session: Session) -> None:
    shop = a_tenant(session, "shop")
    an_order(session, shop, "2026-11-26 10:00", "2026-11-26 11:00", pieces=4)
    a_customer(session, shop, "2026-11-26 08:00")
    outcome, totals = aggregation.preview(session, DAY, at=AT, settings=runtime.settings)
    assert figures(session, shop) == {}
    aggregate(session, runtime)
    assert (outcome.done, totals) == (1, aggregation.totals(session, DAY))


def test_of_two_that_make_a_day_the_second_waits_and_replaces(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        shop = a_tenant(session, "shop")
        an_order(session, shop, "2026-11-26 10:00", "2026-11-26 11:00")

    def make(session: Session) -> int:
        return aggregate(session, pg_runtime)

    assert meanwhile(pg_runtime, make, make) == 1
    with pg_runtime.db.reading() as session:
        assert figures(session, shop) == {"NGN": (1, 1_000, 0, 0)}
        assert session.get_one(AnalyticsDay, DAY).tenants == 1
