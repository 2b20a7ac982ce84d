"""The sweep: what the database plans and Redis has forgotten, or a dead process has left, gets going again."""

from datetime import timedelta

from redis.exceptions import RedisError

from webapp.domain.states import RunStatus
from webapp.jobs.engine.queue import enqueue, is_waiting
from webapp.logs import get_logger
from webapp.models import Run, Schedule
from webapp.runtime import Runtime
from webapp.services.scheduling import job_metrics, orphaned_runs, run_outcome
from webapp.sql import database_now

PATIENCE = timedelta(seconds=5)
"""How long a queued run may be missing from Redis before it is handed over again."""


def sweep_runs(runtime: Runtime) -> int:
    """Take over abandoned runs and hand queued ones to Redis; returns how many were handed over."""
    take_over_abandoned(runtime)
    with runtime.db.reading() as session:
        now = database_now(session)
        waiting = list(orphaned_runs.waiting(session, now, PATIENCE))
    handed = [run for run in waiting if _handed(runtime, run)]
    if waiting:
        with runtime.db.transaction() as session:
            orphaned_runs.mark_enqueued(session, [run.id for run in waiting], now)
    return len(handed)


def hand_over(runtime: Runtime, run_ids: list[int]) -> None:
    """Hand new runs to Redis; what doesn't get there is found by the sweep."""
    for run_id in run_ids:
        try:
            enqueue(runtime.redis, run_id, 1)
        except RedisError as problem:
            get_logger().warning("queue.unreachable", run_id=run_id, problem=str(problem))


def _handed(runtime: Runtime, run: Run) -> bool:
    if is_waiting(runtime.redis, run.id, run.attempt):
        return False
    enqueue(runtime.redis, run.id, run.attempt, run.job)
    return True


def take_over_abandoned(runtime: Runtime) -> None:
    """Queue runs again whose process died; those that died too often are lost."""
    with runtime.db.reading() as session:
        found = orphaned_runs.abandoned(session, database_now(session))
    for run_id in found:
        # One transaction each, which looks again: another sweep may take it first, or its process may have come back.
        with runtime.db.transaction() as session:
            now = database_now(session)
            run = orphaned_runs.take_over(session, run_id, now)
            if run is not None:
                job_metrics.note_takeover(session, run)
            if run is not None and run.status == RunStatus.LOST:
                session.flush()
                job_metrics.note(session, run)
                run_outcome.evaluate(session, run, session.get(Schedule, run.job), now)
        if run is not None:
            get_logger().warning("run.abandoned", run_id=run_id, job=run.job, status=run.status, attempt=run.attempt)
