"""Provider batches: what was asked is settled before a run stops; what a dead process had claimed is asked again."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.conftest import settings_for
from tests.support.declared_jobs import NOON, Declare, planned, runs_of
from tests.support.market import all_books_agree
from tests.support.releasing import asked, go
from tests.support.sandbox import awaiting
from webapp import clock
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.jobs.engine import provider_batches
from webapp.jobs.engine.work import Work
from webapp.jobs.run_job import run_job
from webapp.jobs.steps import verify_payments
from webapp.models import Payment, Transfer
from webapp.runtime import Runtime, build_runtime
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.payments import ClaimedPayment
from webapp.services.scheduling import orphaned_runs

JOB, ALL, SIZE = "ask", 12, 4


class Provider:
    """Says of every payment what became of it, and remembers what it was asked; `dies` ends who asks."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.dies = False
        self.status = ProviderStatus.SUCCEEDED
        self._lock = threading.Lock()

    def look(self, _runtime: Runtime, asked: ClaimedPayment) -> ProviderResponse:
        with self._lock:
            self.asked.append(asked.id)
        if self.dies:
            raise SystemExit
        return ProviderResponse(asked.reference or "", self.status, 10_000, "NGN", "1")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setattr(provider_batches, "SIZE", SIZE)
    monkeypatch.setattr(verify_payments, "fetch", made.look)
    return made


@pytest.fixture
def runtime(database_url: str, tmp_path: Path, declare: Declare, provider: Provider) -> Iterator[Runtime]:
    """A desk on which twelve payments are due, and a job that asks about them, four in a batch."""
    made = build_runtime(settings_for(database_url, tmp_path, paystack_secret_key="sk"))
    for _ in range(ALL):
        awaiting(made)
    planned(made, declare(JOB, ask), NOON)
    yield made
    made.db.close()


def ask(work: Work, at: object) -> None:
    work.in_provider_batches(verify_payments.batch(work))


def settled(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(Payment.status == "succeeded")).one()


def each_was_held_once(runtime: Runtime) -> None:
    assert settled(runtime) == ALL
    with runtime.db.reading() as session:
        assert session.scalars(select(func.count()).select_from(Transfer)).one() == ALL
    all_books_agree(runtime)


def come_due(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        past = clock.now() - timedelta(seconds=1)
        session.execute(update(Payment).where(Payment.next_check_at.is_not(None)).values(next_check_at=past))


def test_at_its_limit_what_was_asked_is_settled_and_the_next_run_asks_the_rest(
    runtime: Runtime, provider: Provider
) -> None:
    planned(runtime, JOB, NOON, max_duration_seconds=0)
    first = go(runtime, JOB)
    assert (first.status, first.succeeded, settled(runtime), len(provider.asked)) == ("partial", SIZE, SIZE, SIZE)
    assert first.error == "It reached its maximum duration. What is left stays due."
    planned(runtime, JOB, NOON, max_duration_seconds=600)

    second = go(runtime, JOB)

    assert (second.status, second.succeeded) == ("succeeded", ALL - SIZE)
    assert sorted(provider.asked) == sorted(set(provider.asked)), "nothing was asked about twice"
    each_was_held_once(runtime)


def test_asked_to_stop_it_settles_what_was_asked_and_hands_the_run_back(runtime: Runtime, provider: Provider) -> None:
    run, looks = asked(runtime, JOB), iter([False, True])
    run_job(runtime, run.id, stopping=lambda: next(looks))
    [half] = runs_of(runtime, JOB)
    assert (half.status, half.attempt, half.succeeded, settled(runtime)) == ("queued", 2, 2 * SIZE, 2 * SIZE)

    run_job(runtime, run.id)

    [whole] = runs_of(runtime, JOB)
    assert (whole.status, whole.succeeded, len(provider.asked)) == ("succeeded", ALL, ALL)
    each_was_held_once(runtime)


def test_what_a_dead_process_had_taken_is_asked_about_after_its_lease(runtime: Runtime, provider: Provider) -> None:
    run, provider.dies = asked(runtime, JOB), True
    with pytest.raises(SystemExit):
        run_job(runtime, run.id)
    taken, provider.dies = set(provider.asked), False
    assert (len(taken) in (SIZE, 2 * SIZE), settled(runtime)) == (True, 0)
    with runtime.db.transaction() as session:
        orphaned_runs.take_over(session, run.id, clock.now() + timedelta(minutes=5))

    run_job(runtime, run.id)
    assert settled(runtime) == ALL - len(taken), "the lease keeps the others away from what was taken"
    come_due(runtime)
    last = go(runtime, JOB)

    assert (runs_of(runtime, JOB)[0].attempt, last.succeeded) == (2, len(taken))
    each_was_held_once(runtime)


def test_a_process_that_lost_its_run_settles_nothing_more(runtime: Runtime, provider: Provider) -> None:
    run = asked(runtime, JOB)

    def taken_over() -> bool:
        with runtime.db.transaction() as session:
            assert orphaned_runs.take_over(session, run.id, clock.now() + timedelta(minutes=5)) is not None
        return False

    run_job(runtime, run.id, stopping=taken_over)
    assert settled(runtime) == 0
    come_due(runtime)
    run_job(runtime, run.id)

    [whole] = runs_of(runtime, JOB)
    assert (whole.status, whole.attempt, whole.succeeded) == ("succeeded", 2, ALL)
    each_was_held_once(runtime)


def test_a_run_asks_about_each_once_however_soon_it_comes_due_again(
    runtime: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_settlement, "next_check", lambda checks, at, after: at)
    planned(runtime, JOB, NOON, max_duration_seconds=5)
    provider.status = ProviderStatus.PENDING

    first = go(runtime, JOB)

    assert (first.status, first.skipped, len(provider.asked)) == ("succeeded", ALL, ALL)
    provider.status = ProviderStatus.SUCCEEDED
    assert go(runtime, JOB).succeeded == ALL


def test_a_slow_provider_is_given_fewer_at_once(
    runtime: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is claimed has to leave within its lease, so a batch is no larger than what the last ones could do."""
    took, limits = iter([0, 170, 0, 170, 0, 0.1, 0, 0.1, 0, 0.1]), list[int]()
    real = payments.claim_due

    def two(session: Session, at: datetime, limit: int, *more: Any, **named: Any) -> list[ClaimedPayment]:
        limits.append(limit)
        return real(session, at, 2, *more, **named)

    monkeypatch.setattr(provider_batches, "SIZE", 400)
    monkeypatch.setattr(provider_batches, "monotonic", lambda: next(took, 0))
    monkeypatch.setattr(runtime.settings, "provider_parallel_calls", 1)
    monkeypatch.setattr(payments, "claim_due", two)
    go(runtime, JOB)

    assert limits == [8, 8, 4, 2, 4, 8, 16]
    each_was_held_once(runtime)
