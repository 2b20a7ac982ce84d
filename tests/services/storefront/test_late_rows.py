"""Rows of days that are over: whatever is stored, changed or removed of them, the day is counted again, once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.races.waiting import meanwhile
from tests.services.analytics.rows import AT, DAY, JOB, a_tenant, an_order, figures, utc
from tests.support.declared_jobs import OPERATOR
from webapp.domain.storefront.rows import CustomerRow, GivenRow, OrderLineRow
from webapp.models import AnalyticsDay, AnalyticsLateRow, Order
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation
from webapp.services.imports import orders
from webapp.services.imports.staging import ORDERS
from webapp.services.storefront import bulk, late_rows
from webapp.services.storefront.tables import CUSTOMERS, ORDER_LINES


def counted(session: Session, runtime: Runtime) -> None:
    aggregation.aggregate(session, DAY, at=AT, settings=runtime.settings, actor=JOB)


def test_what_the_marketplace_sends_late_is_counted_by_the_next_run(runtime: Runtime, session: Session) -> None:
    shop = a_tenant(session, "shop")
    order = session.get_one(Order, an_order(session, shop, "2026-11-20 12:00", "2026-11-26 12:00"))
    counted(session, runtime)
    line = OrderLineRow(tenant="shop", ref="l", order=order.ref, product="p", quantity=3, amount=5, currency="NGN")
    customer = CustomerRow(tenant="shop", ref="c", created_at=utc("2026-11-26 12:00"))
    for table, row, now in ((ORDER_LINES, line, (1_000, 3)), (CUSTOMERS, customer, (1_000, 3))):
        bulk.upsert(session, table, [row], at=AT, actor=OPERATOR)
        assert aggregation.waiting(session, runtime.settings, DAY, DAY, AT).late == [DAY]
        assert DAY in aggregation.due_days(session, runtime.settings, AT + timedelta(days=1))
        counted(session, runtime)
        assert late_rows.days(session) == set()
        assert figures(session, shop)["NGN"][1::2] == now
        bulk.upsert(session, table, [row], at=AT, actor=OPERATOR)
        assert late_rows.days(session) == set(), "nothing changed"
    bulk.remove(session, ORDER_LINES, [GivenRow(tenant="shop", ref="l")], at=AT, actor=OPERATOR)
    assert late_rows.days(session) == {DAY}
    counted(session, runtime)
    assert figures(session, shop) == {"NGN": (0, 1_000, 0, 0), "XXX": (0, 0, 1, 0)}


def test_a_backlog_of_orders_has_its_days_counted_again(runtime: Runtime, session: Session) -> None:
    names = list(ORDERS.c.keys())
    stored = {"tenant": "shop", "created_at": "2026-11-20 12:00:00", "paid_at": "2026-11-26 12:00:00"}
    other = stored | {"tenant": None, "created_at": "2026-11-21 12:00:00"}
    orders.note_late(session, [[each.get(name) for name in names] for each in (stored, other)], AT)
    assert late_rows.days(session) == {date(2026, 11, 20), DAY}


def test_of_today_nothing_is_late_and_a_day_is_noted_once(runtime: Runtime, session: Session) -> None:
    late_rows.note(session, [AT, AT - timedelta(hours=1), None], at=AT)
    assert late_rows.days(session) == set()
    for _ in range(2):
        late_rows.note(session, [utc("2026-11-26 23:59"), utc("2026-11-26 00:00")], at=AT)
    assert list(session.scalars(select(AnalyticsLateRow.day))) == [DAY]


@pytest.mark.parametrize(("hour", "others"), [(0, {25, 26}), (11, {25, 26}), (13, {26})])
def test_by_the_days_of_tenants_an_instant_may_be_on_the_day_beside(
    sqlite_runtime: Runtime, hour: int, others: set[int]
) -> None:
    with sqlite_runtime.db.transaction() as session:
        session.add(AnalyticsDay(day=DAY, tenants=0, closed_at=AT, counted_by="tenant"))
        session.flush()
        late_rows.note(session, [datetime(2026, 11, 26, hour, tzinfo=UTC)], at=AT)
        assert late_rows.days(session) == {date(2026, 11, each) for each in others}


def test_a_row_that_comes_while_its_day_is_counted_is_not_lost(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        late_rows.note(session, [utc("2026-11-26 12:00")], at=AT)

    def comes(session: Session) -> None:
        late_rows.note(session, [utc("2026-11-26 13:00")], at=AT)

    meanwhile(pg_runtime, lambda session: counted(session, pg_runtime), comes)
    with pg_runtime.db.reading() as session:
        assert late_rows.days(session) == {DAY}
