"""`warm_caches`: what it keeps ready is what pages would ask, one bad figure stops no other, and Redis may be away."""

from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.services.analytics.rows import AT, DAY, JOB, a_tenant, an_order
from tests.support.job_runs import run_job_now
from tests.support.market import Market
from webapp import clock
from webapp.figure_cache import FigureCache
from webapp.models import RunItem
from webapp.runtime import Runtime
from webapp.services.analytics import aggregation
from webapp.services.read_models import kept_figures, list_tabs, money_totals


@pytest.fixture
def redis(sqlite_runtime: Runtime) -> fakeredis.FakeRedis:
    """A Redis that this desk reaches, for figures and for the storefront."""
    redis = fakeredis.FakeRedis()
    sqlite_runtime.__dict__.update(redis=redis, figure_cache=FigureCache(lambda _seconds: redis))
    return redis


def sold(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        Market(session, runtime).escrow(7_000)
        an_order(session, a_tenant(session, "shop"), "2026-11-26 10:00", "2026-11-26 11:00")
        aggregation.aggregate(session, DAY, at=AT, settings=runtime.settings, actor=JOB)


def names(redis: fakeredis.FakeRedis) -> set[str]:
    found: Any = redis.keys("desk:figures:*")
    return {name.decode().split(":1:", 1)[1].split(":20")[0] for name in found}


EVERY = {"overview", "tabs:escrows", "tabs:payments", "tabs:payouts", "sellers:NGN"}


def test_everything_is_kept_and_pages_find_it(sqlite_runtime: Runtime, redis: fakeredis.FakeRedis) -> None:
    sold(sqlite_runtime)
    dry = run_job_now(sqlite_runtime, "warm_caches", dry_run=True)
    assert (dry.status, dry.succeeded, names(redis)) == ("succeeded", 8, set())
    run = run_job_now(sqlite_runtime, "warm_caches")
    assert (run.status, run.succeeded, run.failed) == ("succeeded", 8, 0)
    assert names(redis) == EVERY
    with sqlite_runtime.db.reading() as session:
        for figure in kept_figures.all_figures(session):
            answer = sqlite_runtime.figure_cache.read(figure, session, clock.now())
            assert (answer.is_kept, answer.value) == (True, figure.ask(session, clock.now()))
    again = run_job_now(sqlite_runtime, "warm_caches")
    assert again.succeeded == 4, "who sold most is asked again when a day was made anew"
    with sqlite_runtime.db.transaction() as session:
        at = AT + timedelta(hours=1)
        aggregation.aggregate(session, DAY, at=at, settings=sqlite_runtime.settings, actor=JOB)
    assert run_job_now(sqlite_runtime, "warm_caches").succeeded == 8


def test_a_figure_that_fails_is_named_and_the_others_are_kept(
    sqlite_runtime: Runtime, redis: fakeredis.FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = list_tabs.counts

    def broken(session: Session, name: str) -> Any:
        if name == "payments":
            raise OSError("the disk is full")
        return real(session, name)

    monkeypatch.setattr(list_tabs, "counts", broken)
    run = run_job_now(sqlite_runtime, "warm_caches")
    assert (run.status, run.succeeded, run.failed) == ("partial", 3, 1)
    assert names(redis) == {"overview", "tabs:escrows", "tabs:payouts"}
    with sqlite_runtime.db.reading() as session:
        assert session.scalars(select(RunItem.subject_kind).where(RunItem.run_id == run.id)).all() == ["figure"]


def test_what_the_storefront_was_not_told_it_is_told(sqlite_runtime: Runtime, redis: fakeredis.FakeRedis) -> None:
    with sqlite_runtime.db.transaction() as session:
        a_tenant(session, "shop")
        aggregation.aggregate(session, DAY, at=clock.now(), settings=sqlite_runtime.settings, actor=JOB)
    run_job_now(sqlite_runtime, "warm_caches")
    assert redis.exists(f"analytics:shop:overview:daily:{DAY}")


def test_with_redis_away_the_run_is_skipped_and_pages_ask(sqlite_runtime: Runtime) -> None:
    sold(sqlite_runtime)
    run = run_job_now(sqlite_runtime, "warm_caches")
    assert (run.status, run.failed) == ("skipped", 0)
    assert "Redis does not answer" in (run.error or "")
    with sqlite_runtime.db.reading() as session:
        answer = sqlite_runtime.figure_cache.read(kept_figures.OVERVIEW, session, clock.now())
        assert not answer.is_kept
        assert answer.value == money_totals.summary(session, clock.now())
