"""Two schedulers and four workers on one slot, 200 rounds: one run, carried out once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from tests.support.declared_jobs import NOON, Declare, planned, runs_of
from webapp.jobs.engine.work import Work
from webapp.jobs.run_job import run_job
from webapp.models import Run, Schedule
from webapp.runtime import Runtime
from webapp.services.scheduling import slots

ROUNDS = 200


def race(runtime: Runtime, rounds: int) -> None:
    """Both schedulers claim at once; all four workers then go for whatever there is."""
    with ThreadPoolExecutor(4) as pool:
        for turn in range(rounds):
            slot = NOON + timedelta(days=turn)
            with runtime.db.transaction() as session:
                session.execute(update(Schedule).where(Schedule.job == "counted").values(next_slot=slot))
            barrier = threading.Barrier(2)
            claims = [pool.submit(claim, runtime, slot, barrier) for _ in range(2)]
            made = [run_id for each in claims for run_id in each.result(60)]
            queued = made * 2 if made else []
            list(pool.map(lambda run_id: run_job(runtime, run_id), [*queued, *queued]))


def claim(runtime: Runtime, slot: datetime, barrier: threading.Barrier) -> list[int]:
    barrier.wait(30)
    with runtime.db.transaction() as session:
        return slots.claim(session, "counted", slot, seen=slot)


@pytest.fixture
def counted(runtime: Runtime, declare: Declare) -> list[datetime]:
    executed: list[datetime] = []

    def job(work: Work, at: datetime) -> None:
        executed.append(at)

    declare("counted", job)
    planned(runtime, "counted", NOON)
    return executed


@pytest.mark.timeout(240)
def test_one_slot_is_run_once_whoever_claims_it(runtime: Runtime, counted: list[datetime]) -> None:
    rounds = 20 if runtime.db.is_sqlite else ROUNDS
    race(runtime, rounds)

    assert counted == [NOON + timedelta(days=turn) for turn in range(rounds)]
    assert [run.status for run in runs_of(runtime, "counted")] == ["succeeded"] * rounds


def test_without_the_unique_slot_it_would_run_twice(runtime: Runtime, counted: list[datetime]) -> None:
    if runtime.db.is_sqlite:
        pytest.skip("SQLite can't drop a constraint")
    with runtime.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE run DROP CONSTRAINT uq_run_job_slot"))
    race(runtime, 5)

    assert len(counted) > 5
    with runtime.db.reading() as session:
        assert len(session.scalars(select(Run.id)).all()) > 5
