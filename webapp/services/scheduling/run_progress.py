"""What a process does to the run it carries out: start, hold, record, hand back, finish.

Every write names the attempt: a process that was given up for dead finds no row, and stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.states import RunStatus
from webapp.models import Run, RunItem, RunLine
from webapp.sql import insert_new


class RunLost(Exception):
    """This process has lost its run: another took it over, or it was given up."""


@dataclass(frozen=True, slots=True)
class RunLease:
    """A process's claim on a run."""

    run_id: int
    attempt: int
    length: timedelta


@dataclass(slots=True)
class Progress:
    """What one step of a run adds to it."""

    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunTotals:
    """The sums of a run so far, per currency, and of how many parties they are, where it counts them."""

    amounts: dict[str, int] = field(default_factory=dict)
    other_amounts: dict[str, dict[str, int]] = field(default_factory=dict)
    parties: int | None = None


def start(session: Session, run_id: int, at: datetime, lease: timedelta) -> Run | None:
    """Begin a queued run. None when it is not queued any more, or another run of its job is running."""
    begin = (
        update(Run)
        .where(Run.id == run_id, Run.status == RunStatus.QUEUED)
        .values(status=RunStatus.RUNNING, started_at=_first(Run.started_at, at), lease_until=at + lease)
    )
    try:
        # A savepoint, since a refused unique index (one running run per job) ends the whole transaction on PostgreSQL.
        with session.begin_nested():
            return _changed(session, begin)
    except IntegrityError:
        return None


def fence(session: Session, lease: RunLease, at: datetime) -> None:
    """Renew the lease, as the first act of a transaction of the run. Raises RunLost."""
    if not _rows(session, _mine(lease).values(lease_until=at + lease.length)):
        raise RunLost(f"run {lease.run_id}, attempt {lease.attempt}")


def add(session: Session, lease: RunLease, progress: Progress, totals: RunTotals, cursor: Any) -> None:
    """Add to the counts and move the cursor, as the last act of a transaction of the run. Raises RunLost."""
    done = progress.succeeded + progress.failed + progress.skipped
    values = {
        "processed": Run.processed + done,
        "succeeded": Run.succeeded + progress.succeeded,
        "failed": Run.failed + progress.failed,
        "skipped": Run.skipped + progress.skipped,
        "amounts": totals.amounts,
        "other_amounts": totals.other_amounts or None,
        "parties": totals.parties,
        "cursor": cursor,
    }
    if not _rows(session, _mine(lease).values(**values)):
        raise RunLost(f"run {lease.run_id}, attempt {lease.attempt}")
    note_items(session, lease.run_id, progress.items)


def note_items(session: Session, run_id: int, items: Sequence[dict[str, Any]]) -> None:
    """Name items that failed or were skipped; the last word on an item stands."""
    # An item may be tried twice between two writes, and PostgreSQL refuses to write a row twice in one statement.
    last = {(item["subject_kind"], item["subject_id"]): item for item in items}
    if last:
        rows = insert_new(session, RunItem).values([{"run_id": run_id} | item for item in last.values()])
        keys = ["run_id", "subject_kind", "subject_id"]
        latest = {"outcome": rows.excluded.outcome, "message": rows.excluded.message}
        session.execute(rows.on_conflict_do_update(index_elements=keys, set_=latest))


def failed_items(session: Session, run_id: int, kind: str) -> list[int]:
    """Items of a kind that failed in a run."""
    query = select(RunItem.subject_id).where(RunItem.run_id == run_id, RunItem.subject_kind == kind)
    return list(session.scalars(query.where(RunItem.outcome == "failed").order_by(RunItem.subject_id)))


def note_lines(session: Session, run_id: int, lines: Sequence[dict[str, Any]]) -> None:
    """Keep log lines for the run's page."""
    session.add_all([RunLine(run_id=run_id, **line) for line in lines])


def cursor_of(session: Session, lease: RunLease) -> Any:
    """Where the run is by the database; None when it is another attempt's by now."""
    mine = (Run.id == lease.run_id, Run.attempt == lease.attempt)
    return session.scalars(select(Run.cursor).where(*mine)).one_or_none()


def set_total(session: Session, lease: RunLease, total: int) -> None:
    """Say how many items there are to do."""
    _rows(session, _mine(lease).values(total=total))


def hand_back(session: Session, lease: RunLease) -> None:
    """Queue the run again, from where it is: this process is asked to stop."""
    _rows(
        session,
        _mine(lease).values(status=RunStatus.QUEUED, attempt=lease.attempt + 1, lease_until=None, enqueued_at=None),
    )


def finish(session: Session, lease: RunLease, status: RunStatus, at: datetime, error: str | None) -> Run:
    """End the run. Raises RunLost."""
    ended = _mine(lease).values(status=status, finished_at=at, error=error, lease_until=None)
    run = _changed(session, ended)
    if run is None:
        raise RunLost(f"run {lease.run_id}, attempt {lease.attempt}")
    return run


def _mine(lease: RunLease) -> Any:
    mine = (Run.id == lease.run_id, Run.attempt == lease.attempt, Run.status == RunStatus.RUNNING)
    return update(Run).where(*mine).execution_options(synchronize_session=False)


def _rows(session: Session, statement: Any) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _changed(session: Session, statement: Any) -> Run | None:
    """The run as the statement leaves it; None when it changes none."""
    how = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(statement.returning(Run), execution_options=how).one_or_none()


def _first(column: Any, at: datetime) -> Any:
    return func.coalesce(column, literal(at, Run.__table__.c.started_at.type))
