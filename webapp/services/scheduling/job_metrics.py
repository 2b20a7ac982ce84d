"""What jobs have done, in figures: the last run of each that has ended, however it ended, and totals that only grow."""

from collections.abc import Iterator

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.states import RunStatus
from webapp.models import JobTotal, Run, Schedule
from webapp.sql import insert_new

RUNS, ITEMS, MOVED = "runs", "items", "moved"
"""What is counted: runs by status, items by outcome, minor units by currency."""
ENDED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.LOST, RunStatus.SKIPPED)


def note(session: Session, run: Run) -> None:
    """Add a run to its job's totals, in the transaction that ends it. Dry runs did nothing."""
    counted = [] if run.dry_run else [(what, label, value) for what, label, value in _of(run) if value]
    if counted:
        row = insert_new(session, JobTotal)
        added = {"value": JobTotal.__table__.c.value + row.excluded.value}
        session.execute(
            row.on_conflict_do_update(index_elements=["job", "what", "label"], set_=added),
            [{"job": run.job, "what": what, "label": label, "value": value} for what, label, value in counted],
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
    began = (~Run.dry_run, Run.started_at.is_not(None))
    query = select(Run.id).where(Run.job == Schedule.job, Run.status == status, *began)
    return query.order_by(Run.id.desc()).limit(1).correlate(Schedule).scalar_subquery()
