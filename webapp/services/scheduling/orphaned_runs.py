"""Finding runs that nobody works on: queued ones Redis has forgotten, and running ones whose lease has ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.numbers import counted
from webapp.domain.states import RunStatus
from webapp.domain.words import phrase
from webapp.models import Run

MOST_ATTEMPTS = 3
_AT_ONCE = 200


def abandoned(session: Session, at: datetime) -> Sequence[int]:
    """Running runs whose lease has ended. A look without a lock, so that a quiet desk is not written to."""
    ended = (Run.status == RunStatus.RUNNING, Run.lease_until < at)
    return session.scalars(select(Run.id).where(*ended).order_by(Run.id).limit(_AT_ONCE)).all()


def take_over(session: Session, run_id: int, at: datetime) -> Run | None:
    """Queue an abandoned run again with the next attempt, or call it lost when its attempts are used up."""
    # Skipped when locked: a process that is in the middle of a transaction of its run holds this row, and is alive.
    query = select(Run).where(Run.id == run_id).with_for_update(skip_locked=True)
    run = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if run is None or run.status != RunStatus.RUNNING or run.lease_until is None or run.lease_until >= at:
        return None
    run.lease_until = None
    if run.attempt >= MOST_ATTEMPTS:
        run.status, run.finished_at = RunStatus.LOST, at
        run.error = phrase("Its process died %(times)s.", times=counted(run.attempt, "time"))
    else:
        run.status, run.attempt, run.enqueued_at = RunStatus.QUEUED, run.attempt + 1, None
    return run


def waiting(session: Session, at: datetime, patience: timedelta) -> Sequence[Run]:
    """Queued runs that were not handed to Redis lately, oldest first, and whose job has no other run running."""
    busy = select(Run.job).where(Run.status == RunStatus.RUNNING, ~Run.dry_run)
    due = Run.enqueued_at.is_(None) | (Run.enqueued_at < at - patience)
    query = select(Run).where(Run.status == RunStatus.QUEUED, due, Run.dry_run | Run.job.not_in(busy))
    return session.scalars(query.order_by(Run.id).limit(_AT_ONCE)).all()


def mark_enqueued(session: Session, run_ids: Sequence[int], at: datetime) -> None:
    """Remember when runs were handed to Redis."""
    session.execute(
        update(Run)
        .where(Run.id.in_(run_ids), Run.status == RunStatus.QUEUED)
        .values(enqueued_at=at)
        .execution_options(synchronize_session=False)
    )


def next_of(session: Session, job: str) -> Run | None:
    """The oldest queued run of a job."""
    query = select(Run).where(Run.status == RunStatus.QUEUED, Run.job == job).order_by(Run.id)
    return session.scalars(query.limit(1)).first()


def left_before(session: Session, run_id: int) -> Sequence[int]:
    """Queued runs of the same job that an earlier process began and did not end, oldest first."""
    mine = select(Run.job).where(Run.id == run_id).scalar_subquery()
    left = (Run.status == RunStatus.QUEUED, Run.job == mine, Run.id < run_id, Run.attempt > 1)
    return session.scalars(select(Run.id).where(*left).order_by(Run.id).limit(_AT_ONCE)).all()
