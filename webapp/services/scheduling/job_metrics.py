"""What jobs have done, in figures: the last run of each that has ended, however it ended, and totals that only grow."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.states import RunStatus
from webapp.models import JobTotal, Run, Schedule
from webapp.services.scheduling.bulk_runs import is_bulk, own_runs
from webapp.sql import insert_new

RUNS, ITEMS, MOVED = "runs", "items", "moved"
CHUNKS, TAKEOVERS = "chunks", "takeovers"
"""What is counted: runs by status, items by outcome, minor units by currency; the transactions of runs as they are
committed, and runs whose lease ran out, by what became of them.
"""
ENDED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.LOST, RunStatus.SKIPPED)


def note(session: Session, run: Run) -> None:
    """Add a run to its job's totals, in the transaction that ends it. Dry runs and bulk work are left out."""
    if not run.dry_run and not is_bulk(run):
        _add(session, run.job, [(what, label, value) for what, label, value in _of(run) if value])


def note_chunk(session: Session, run: Run) -> None:
    """Count a transaction in which a run did items, as one of its last acts; bulk work is not the job's."""
    if not is_bulk(run):
        _add(session, run.job, [(CHUNKS, "done", 1)])


def note_takeover(session: Session, run: Run) -> None:
    """Count a run whose lease ran out, in the transaction that hands it to another process or gives it up."""
    _add(session, run.job, [(TAKEOVERS, str(run.status), 1)])


def _add(session: Session, job: str, counted: Sequence[tuple[str, str, int]]) -> None:
    if counted:
        row = insert_new(session, JobTotal)
        added = {"value": JobTotal.__table__.c.value + row.excluded.value}
        session.execute(
            row.on_conflict_do_update(index_elements=["job", "what", "label"], set_=added),
            [{"job": job, "what": what, "label": label, "value": value} for what, label, value in counted],
        )


def _of(run: Run) -> Iterator[tuple[str, str, int]]:
    yield RUNS, str(run.status), 1
    yield ITEMS, "succeeded", run.succeeded
    yield ITEMS, "failed", run.failed
    yield ITEMS, "skipped", run.skipped
    for currency, amount in run.amounts.items():
        yield MOVED, currency, amount


def totals(session: Session, what: str) -> dict[str, dict[str, int]]:
    """One kind of totals: by job, then by label."""
    found: dict[str, dict[str, int]] = {}
    for each in session.scalars(select(JobTotal).where(JobTotal.what == what)):
        found.setdefault(each.job, {})[each.label] = each.value
    return found


def last_finished(session: Session) -> dict[str, Run]:
    """The last run of each job that began and has ended: a probe of an index per job and status."""
    newest = [_newest(status).label(status) for status in ENDED]
    ids = {max(filter(None, row)) for row in session.execute(select(*newest).select_from(Schedule)) if any(row)}
    return {run.job: run for run in session.scalars(select(Run).where(Run.id.in_(ids)))}


def _newest(status: RunStatus) -> ScalarSelect[int]:
    began = (~Run.dry_run, own_runs(), Run.started_at.is_not(None))
    query = select(Run.id).where(Run.job == Schedule.job, Run.status == status, *began)
    return query.order_by(Run.id.desc()).limit(1).correlate(Schedule).scalar_subquery()
