"""`aggregate_analytics`: yesterday and every day that was missed, once and again, and what Redis is told of them."""

import json
from datetime import date, timedelta
from typing import Any

import fakeredis
import pytest
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import select

from tests.services.analytics.rows import AT, DAY, JOB, a_customer, a_tenant, an_order, closed, figures
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.jobs.steps import storefront_documents
from webapp.models import RunItem
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation

BEFORE = DAY - timedelta(days=1)


@pytest.fixture
def redis(sqlite_runtime: Runtime) -> fakeredis.FakeRedis:
    """A Redis that this desk reaches."""
    return reachable(sqlite_runtime)


def reachable(runtime: Runtime) -> fakeredis.FakeRedis:
    redis = fakeredis.FakeRedis()
    runtime.__dict__["redis"] = redis
    return redis


def shop_of(runtime: Runtime) -> int:
    """A shop with an order on each of two days, paid on the second."""
    with runtime.db.transaction() as session:
        shop = a_tenant(session, "shop")
        an_order(session, shop, "2026-11-25 10:00", "2026-11-26 00:00", pieces=2)
        an_order(session, shop, "2026-11-26 10:00")
        a_customer(session, shop, "2026-11-26 08:00")
    return shop


EXPECTED = {BEFORE: {"NGN": (1, 0, 0, 0)}, DAY: {"NGN": (1, 1_000, 0, 2), "XXX": (0, 0, 1, 0)}}


def stored(runtime: Runtime, shop: int) -> dict[date, dict[str, tuple[int, int, int, int]]]:
    with runtime.db.reading() as session:
        return {day: figures(session, shop, day) for day in (BEFORE, DAY)}


def test_a_run_makes_yesterday_and_what_was_missed_and_the_next_run_makes_the_same(runtime: Runtime) -> None:
    shop = shop_of(runtime)
    dry = run_job_now(runtime, "aggregate_analytics", at=AT, dry_run=True)
    assert (dry.status, dry.succeeded) == ("succeeded", 2)
    assert stored(runtime, shop) == {BEFORE: {}, DAY: {}}
    run = run_job_now(runtime, "aggregate_analytics", at=AT)
    assert (run.status, run.succeeded, run.failed) == ("succeeded", 2, 0)
    assert stored(runtime, shop) == EXPECTED
    again = run_job_now(runtime, "aggregate_analytics", at=AT)
    assert (again.status, again.succeeded) == ("succeeded", 1)
    assert stored(runtime, shop) == EXPECTED
    with runtime.db.reading() as session:
        assert closed(session) == {BEFORE: 1, DAY: 1}


def test_a_day_that_fails_is_named_and_the_others_are_made(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real = shop_of(sqlite_runtime), aggregation.aggregate

    def broken(session: Any, day: date, **how: Any) -> Any:
        made = real(session, day, **how)
        if day == DAY:
            raise OSError("the disk is full")
        return made

    monkeypatch.setattr(aggregation, "aggregate", broken)
    run = run_job_now(sqlite_runtime, "aggregate_analytics", at=AT)
    assert (run.status, run.succeeded, run.failed) == ("partial", 1, 1)
    assert stored(sqlite_runtime, shop) == {BEFORE: EXPECTED[BEFORE], DAY: {}}
    with sqlite_runtime.db.reading() as session:
        assert closed(session) == {BEFORE: 1}
        [item] = session.scalars(select(RunItem).where(RunItem.run_id == run.id))
        assert (item.subject_kind, item.subject_id) == ("analytics_day", 20261126)
    monkeypatch.undo()
    assert run_job_now(sqlite_runtime, "aggregate_analytics", at=AT).succeeded == 1
    assert stored(sqlite_runtime, shop) == EXPECTED


def test_redis_has_each_shop_for_a_day(sqlite_runtime: Runtime, redis: fakeredis.FakeRedis) -> None:
    shop_of(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        a_tenant(session, "quiet")
    run_job_now(sqlite_runtime, "aggregate_analytics", at=AT)
    key = f"analytics:shop:overview:daily:{DAY}"
    found = json.loads(redis.get(key) or b"")
    assert found.pop("computed_at").endswith("Z")
    assert found == {
        "tenant": "shop",
        "date": str(DAY),
        "new_customers": 1,
        "currencies": {"NGN": {"orders": 1, "revenue": 1_000, "products_sold": 2}},
    }
    assert 86_390 < redis.ttl(key) <= 86_400
    assert json.loads(redis.get(f"analytics:quiet:overview:daily:{DAY}") or b"")["currencies"] == {}
    assert redis.exists(f"analytics:shop:overview:daily:{BEFORE}")


def test_without_redis_figures_are_stored_and_told_later(sqlite_runtime: Runtime) -> None:
    shop = shop_of(sqlite_runtime)
    assert run_job_now(sqlite_runtime, "aggregate_analytics", at=AT).status == "succeeded"
    assert stored(sqlite_runtime, shop) == EXPECTED
    redis = reachable(sqlite_runtime)
    assert storefront_documents.fill(sqlite_runtime, clock.now(), lambda: None) == 2
    assert redis.exists(f"analytics:shop:overview:daily:{DAY}")
    assert storefront_documents.fill(sqlite_runtime, clock.now(), lambda: None) == 0
    redis.flushall()
    assert storefront_documents.fill(sqlite_runtime, clock.now(), lambda: None) == 2


def test_a_day_made_anew_is_told_anew_and_an_old_one_no_more(
    sqlite_runtime: Runtime, redis: fakeredis.FakeRedis
) -> None:
    shop = shop_of(sqlite_runtime)
    run_job_now(sqlite_runtime, "aggregate_analytics", at=AT)
    with sqlite_runtime.db.transaction() as session:
        an_order(session, shop, "2026-11-26 12:00", currency="RWF")
    run_job_now(sqlite_runtime, "aggregate_analytics", at=AT)
    found = json.loads(redis.get(f"analytics:shop:overview:daily:{DAY}") or b"")
    assert set(found["currencies"]) == {"NGN", "RWF"}
    redis.flushall()
    later = clock.now() + timedelta(hours=24)
    assert storefront_documents.fill(sqlite_runtime, later, lambda: None) == 0


def test_a_day_is_told_as_a_whole_or_again(
    sqlite_runtime: Runtime, redis: fakeredis.FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storefront_documents, "PAGE", 1)
    with sqlite_runtime.db.transaction() as session:
        for ref in ("a", "b", "c"):
            a_tenant(session, ref)
        aggregation.aggregate(session, DAY, at=clock.now(), settings=sqlite_runtime.settings, actor=JOB)
    calls: list[int] = []

    def cut() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RedisDown("gone")

    with pytest.raises(RedisDown):
        storefront_documents.fill(sqlite_runtime, clock.now(), cut)
    assert len(redis.keys("analytics:*")) == 2
    assert storefront_documents.fill(sqlite_runtime, clock.now(), lambda: None) == 3
