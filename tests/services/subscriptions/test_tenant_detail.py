"""What the pages of subscriptions and tenants read, on both databases: right, and with a fixed number of statements."""

from datetime import timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.support.market import NOW, Market
from tests.support.subscriptions import subscribed
from webapp.admin.subscriptions.listing import TENANTS, conditions, subscriptions
from webapp.app import create_app
from webapp.models import Order, Subscription
from webapp.runtime import Runtime
from webapp.services.read_models import tenant_detail
from webapp.services.subscriptions import search

A_DAY = timedelta(days=1)


def with_orders(runtime: Runtime, ref: str, count: int) -> int:
    """A tenant with so many held orders of NGN 100.00; returns its number."""
    with runtime.db.transaction() as session:
        key = subscribed(session, ref, NOW + 3 * A_DAY)
        market = Market(session, runtime)
        for _ in range(count):
            session.get_one(Order, market.escrow(10_000).order_id).tenant = ref
        return session.get_one(Subscription, key).tenant_id


def test_a_tenant_is_read_with_what_is_held_and_its_newest_orders(runtime: Runtime) -> None:
    tenant_id = with_orders(runtime, "shop-1", 12)
    with_orders(runtime, "shop-2", 1)
    with runtime.db.reading() as session:
        found = tenant_detail.read(session, tenant_id)
        assert found.held == [(120_000, "NGN")]
        assert len(found.orders) == tenant_detail.NEWEST
        assert (found.figures, found.counts["products"], list(found.messages)) == (None, 0, [])


def test_more_orders_take_no_more_statements(sqlite_runtime: Runtime) -> None:
    few, many = with_orders(sqlite_runtime, "few", 1), with_orders(sqlite_runtime, "many", 12)
    assert _statements(sqlite_runtime, few) == _statements(sqlite_runtime, many) < 15


def test_the_lists_are_read_in_the_order_of_the_dates(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        for ref, days, status in (
            ("c", 90, "active"),
            ("a", -20, "suspended"),
            ("b", 3, "active"),
            ("d", -1, "expired"),
        ):
            subscribed(session, ref, NOW + days * A_DAY, status, grace_days=30 if ref == "d" else None)
    with create_app(runtime).test_request_context(), runtime.db.reading() as session:
        assert _refs(session, runtime, "all") == ["a", "d", "b", "c"]
        assert [_refs(session, runtime, tab) for tab in ("expiring", "grace", "suspended")] == [["b"], ["d"], ["a"]]
        everything = subscriptions(runtime.settings).read(session, {"tab": "all"}).rows
        ends = {row.ref: row.grace_ends_at for row in everything}
        assert ends == {"a": NOW - 13 * A_DAY, "b": NOW + 10 * A_DAY, "c": NOW + 97 * A_DAY, "d": NOW + 29 * A_DAY}
        assert [row.ref for row in TENANTS.read(session, {"q": "B"}).rows] == ["b"]
        assert search.counts(session, NOW) == {"expiring": "1", "grace": "1", "suspended": "1"}
        assert search.by_status(session) == {"active": 2, "expired": 1, "suspended": 1}


def _refs(session: Session, runtime: Runtime, tab: str) -> list[str]:
    return [row.ref for row in subscriptions(runtime.settings).read(session, {}, *conditions(tab, NOW)).rows]


def _statements(runtime: Runtime, tenant_id: int) -> int:
    asked: list[str] = []

    def count(*given: Any) -> None:
        asked.append(given[2])

    with runtime.db.reading() as session:
        event.listen(session.get_bind(), "before_cursor_execute", count)
        tenant_detail.read(session, tenant_id)
        event.remove(session.get_bind(), "before_cursor_execute", count)
    return len(asked)
