"""A worker dies twice at each boundary of a release and of a payout: each is done once, and the run tells all of it."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.faults.deaths import Deaths, Killed, die_twice, take_next, with_a_queue
from tests.jobs.periodic.test_process_payout_schedules import held, payouts_of, sent, settle
from tests.providers.http.conftest import posted  # noqa: F401
from tests.support.declared_jobs import runs_of
from tests.support.market import Market, all_books_agree
from tests.support.payouts import planned as payout_planned
from tests.support.releasing import asked, paid, released
from tests.support.sandbox import Sandbox, desk_with, world  # noqa: F401
from webapp import clock
from webapp import db as db_module
from webapp.jobs import run_job as run_job_module
from webapp.jobs.engine import chunks
from webapp.jobs.engine.run_control import RunControl
from webapp.jobs.engine.run_recorder import RunRecorder
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps import send_payouts
from webapp.models import Event
from webapp.runtime import Runtime
from webapp.services.ledger import posting
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.scheduling import run_progress

Arm = Callable[[pytest.MonkeyPatch, Deaths, Runtime], None]

JOB, PAYOUTS = "release_placement_holds", "process_payout_schedules"
MANY = 12


def _replace(owner: Any, name: str, how: str) -> Arm:
    """Die before or after a function."""

    def arm(monkeypatch: pytest.MonkeyPatch, deaths: Deaths, _: Runtime) -> None:
        monkeypatch.setattr(owner, name, getattr(deaths, how)(getattr(owner, name)))

    return arm


def _mark_what_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session know that money is moved in it."""
    real = posting.post_all

    def marking(session: Session, *given: Any, **named: Any) -> Any:
        session.info["moves"] = True
        return real(session, *given, **named)

    monkeypatch.setattr(posting, "post_all", marking)


def _at_the_seal(monkeypatch: pytest.MonkeyPatch, deaths: Deaths, runtime: Runtime) -> None:
    """Die when the pools are settled and the audit records are sealed, and nothing is committed."""

    def die(session: Session) -> None:
        if session.info.get("moves"):
            deaths.strike()

    _mark_what_posts(monkeypatch)
    monkeypatch.setattr(runtime.db, "_before_commit", (*runtime.db._before_commit, die))


def _at_the_commit(monkeypatch: pytest.MonkeyPatch, deaths: Deaths, runtime: Runtime) -> None:
    """Die when the COMMIT is about to leave."""
    real = Session.commit

    def dying(session: Session) -> None:
        if session.info.get("moves"):
            deaths.strike()
        real(session)

    _mark_what_posts(monkeypatch)
    monkeypatch.setattr(Session, "commit", dying)


def _after_the_commit(monkeypatch: pytest.MonkeyPatch, deaths: Deaths, runtime: Runtime) -> None:
    """Die when all is committed, and nobody was nudged."""
    real = db_module._run

    def dying(session: Session, when: str) -> None:
        if when == "after_commit" and session.info.get("moves"):
            deaths.strike()
        real(session, when)

    _mark_what_posts(monkeypatch)
    monkeypatch.setattr(db_module, "_run", dying)


def _in_the_heartbeat(monkeypatch: pytest.MonkeyPatch, deaths: Deaths, runtime: Runtime) -> None:
    """Die between two chunks, while the lease is being renewed and its transaction is open."""
    renewing = threading.Event()
    real_renew, real_fence, real_check = run_job_module._renew, run_progress.fence, RunControl.check

    def renew(*given: Any) -> None:
        with suppress(Killed):
            real_renew(*given)

    def fence(session: Session, lease: Any, at: Any) -> None:
        real_fence(session, lease, at)
        if threading.current_thread().name.startswith("lease-") and deaths.left:
            renewing.set()
            raise Killed

    def check(control: RunControl) -> None:
        if deaths.left:
            assert renewing.wait(10)
            renewing.clear()
            deaths.strike()
        real_check(control)

    monkeypatch.setattr(run_job_module, "_renew", renew)
    monkeypatch.setattr(run_progress, "fence", fence)
    monkeypatch.setattr(RunControl, "check", check)
    monkeypatch.setattr(run_job_module, "timedelta", lambda **_: timedelta(milliseconds=30))


RELEASES: dict[str, tuple[Arm, int, int]] = {
    "claim": (_replace(run_progress, "start", "after"), 0, 1),
    "claimed": (_replace(run_job_module, "RunRecorder", "before"), 0, 3),
    "lock": (_replace(chunks.Chunks, "_act", "before"), 1, 3),
    "post": (_replace(posting, "post_all", "after"), 1, 3),
    "seal": (_at_the_seal, 1, 3),
    "commit": (_at_the_commit, 1, 3),
    "after-commit": (_after_the_commit, 1, 3),
    "finish": (_replace(run_progress, "finish", "after"), 0, 3),
    "heartbeat": (_in_the_heartbeat, 0, 3),
}
"""Where a worker dies in a run of releases, after how many chunks, and in which attempt the run ends."""


@pytest.mark.parametrize("boundary", RELEASES)
def test_a_release_whose_worker_dies_twice_pays_each_once(
    boundary: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm, passes, attempts = RELEASES[boundary]
    monkeypatch.setattr(chunks, "CHUNK", 3)
    register_jobs(with_a_queue(runtime))
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=9))
        for _ in range(MANY):
            market.escrow(1_000, fee=100, policy="placement", release_at=clock.now() - timedelta(minutes=1))
    asked(runtime, JOB)

    def what_left_left_once() -> None:
        assert paid(runtime) == released(runtime) == _told(runtime)
        all_books_agree(runtime)

    with monkeypatch.context() as changed:
        deaths = Deaths(passes)
        arm(changed, deaths, runtime)
        die_twice(runtime, deaths, what_left_left_once)
        take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.attempt) == ("succeeded", attempts)
    assert (run.succeeded, run.processed, run.total, run.amounts) == (MANY, MANY, MANY, {"NGN": MANY * 1_000})
    assert paid(runtime) == MANY
    what_left_left_once()


def _told(runtime: Runtime) -> int:
    """How many releases there are events of."""
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(Event.type == "escrow.released")).one()


PAYOUT_BOUNDARIES: dict[str, Arm] = {
    "write": _replace(payout_creation, "create_all", "after"),
    "take": _replace(payouts, "claim_due", "after"),
    "before-call": _replace(send_payouts, "send", "before"),
    "after-call": _replace(send_payouts, "send", "after"),
    "settle": _replace(payout_settlement, "settle_all", "after"),
    "settled": _replace(RunRecorder, "committed", "before"),
}
"""Where a worker dies in a run of payouts."""


@pytest.mark.parametrize("boundary", PAYOUT_BOUNDARIES)
def test_a_payout_whose_worker_dies_twice_leaves_once(
    boundary: str,
    world: Sandbox,
    posted: Counter[str],
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with desk_with(world, sqlite_url, tmp_path, provider_parallel_calls=1) as runtime:
        register_jobs(with_a_queue(runtime))
        plans = [payout_planned(runtime) for _ in range(3)]
        asked(runtime, PAYOUTS)

        with monkeypatch.context() as changed:
            deaths = Deaths()
            PAYOUT_BOUNDARIES[boundary](changed, deaths, runtime)
            die_twice(runtime, deaths, lambda: all_books_agree(runtime))
            take_next(runtime)
        settle(runtime, world)

        rows = [row for plan in plans for row in payouts_of(runtime, plan)]
        assert [row.status for row in rows] == ["succeeded"] * 3
        assert sent(world) == {row.ref: 4_000 for row in rows}
        assert posted["transfer"] == 3
        assert {held(runtime, plan) for plan in plans} == {6_000}
        assert [(run.status, run.attempt) for run in runs_of(runtime, PAYOUTS)][:1] == [("succeeded", 3)]
        all_books_agree(runtime)
