"""Whose run it is: every write names the attempt."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.declared_jobs import OPERATOR
from tests.support.market import NOW
from webapp.domain.states import RunStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Run, RunItem
from webapp.runtime import Runtime
from webapp.services.scheduling import orphaned_runs, run_progress, runs
from webapp.services.scheduling.run_progress import Progress, RunLease, RunLost, RunTotals

LEASE = timedelta(minutes=3)
LATER = NOW + 2 * LEASE


@pytest.fixture
def taken_over(runtime: Runtime) -> RunLease:
    """What a process still believes to hold of a run that another carries on."""
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        run = runs.trigger(session, "auto_release", actor=OPERATOR)
        assert run_progress.start(session, run.id, NOW, LEASE) is not None
        mine = RunLease(run.id, run.attempt, LEASE)
        assert orphaned_runs.take_over(session, run.id, LATER) is not None
        session.flush()
        assert run_progress.start(session, run.id, LATER, LEASE) is not None
    return mine


WRITES: dict[str, Callable[[Session, RunLease], Any]] = {
    "fence": lambda session, lease: run_progress.fence(session, lease, LATER),
    "add": lambda session, lease: run_progress.add(session, lease, Progress(succeeded=1), RunTotals(), {"step": 1}),
    "finish": lambda session, lease: run_progress.finish(session, lease, RunStatus.SUCCEEDED, LATER, None),
    "set_total": lambda session, lease: run_progress.set_total(session, lease, 7),
    "hand_back": run_progress.hand_back,
}


@pytest.mark.parametrize("write", WRITES)
def test_who_has_lost_a_run_writes_nothing_more_to_it(runtime: Runtime, taken_over: RunLease, write: str) -> None:
    with runtime.db.reading() as session:
        before = runs.as_json(session.get_one(Run, taken_over.run_id))
    with suppress(RunLost), runtime.db.transaction() as session:
        WRITES[write](session, taken_over)
        assert write in ("set_total", "hand_back"), "It is told."
    with runtime.db.reading() as session:
        assert runs.as_json(session.get_one(Run, taken_over.run_id)) == before
        assert run_progress.cursor_of(session, taken_over) is None


def test_a_run_begins_once(runtime: Runtime, taken_over: RunLease) -> None:
    with runtime.db.transaction() as session:
        assert run_progress.start(session, taken_over.run_id, LATER, LEASE) is None
        theirs = RunLease(taken_over.run_id, taken_over.attempt + 1, LEASE)
        run_progress.finish(session, theirs, RunStatus.SUCCEEDED, LATER, None)
        assert run_progress.start(session, taken_over.run_id, LATER, LEASE) is None


def test_of_an_item_that_was_tried_twice_between_two_writes_the_last_word_stands(runtime: Runtime) -> None:
    register_jobs(runtime)
    tries = [("skipped", "The mail server can't be reached."), ("failed", "It was given up.")]
    item = {"subject_kind": "delivery", "subject_id": 7}
    with runtime.db.transaction() as session:
        run = runs.trigger(session, "auto_release", actor=OPERATOR)
        run_progress.note_items(session, run.id, [item | {"outcome": how, "message": why} for how, why in tries])
        session.flush()
        kept = session.execute(select(RunItem.outcome, RunItem.message).where(RunItem.run_id == run.id)).all()
    assert [tuple(row) for row in kept] == tries[1:]
