"""Looking at runs: one, the history of a job, its items, its lines, and the shape that API and command line share."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, select, union_all
from sqlalchemy.orm import Session, aliased

from webapp import clock
from webapp.domain.states import Trigger
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Run, RunItem, RunLine, Transfer
from webapp.services.common.batch_result import CAME_BACK, DEBTS_MET
from webapp.services.scheduling.bulk_runs import own_runs

_MOST = 1_000
FAILED, DONE = "failed", "done"
"""Outcomes of items; what is done is named only where it was retried."""


class RetriedItem(NamedTuple):
    """An item that failed, and what a retry said of it; None where that did not come to it."""

    item: RunItem
    outcome: str | None
    message: str | None


def get(session: Session, run_id: int) -> Run:
    """One run. Raises NotFound."""
    run = session.get(Run, run_id, populate_existing=True)
    if run is None:
        raise NotFound(phrase("There is no run %(run_id)s.", run_id=run_id))
    return run


def history(
    session: Session, *, job: str | None = None, status: str | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Run]:
    """Runs, newest first, after the id of the last one seen."""
    query = select(Run)
    for column, value in ((Run.job, job), (Run.status, status)):
        query = query if value is None else query.where(column == value)
    query = query if before is None else query.where(Run.id < before)
    return session.scalars(query.order_by(Run.id.desc()).limit(min(limit, _MOST))).all()


def recent(session: Session, jobs: Iterable[str], limit: int = 60) -> dict[str, list[Any]]:
    """What the bars need of the last runs of each job, oldest first, in one query: rows of the columns below.

    Bulk work is left out.
    """
    found: dict[str, list[Any]] = {job: [] for job in jobs}
    newest = [_newest_of(job, min(limit, _MOST)) for job in found]
    if newest:
        for run in session.execute(union_all(*[select(each) for each in newest])):
            found[run.job].append(run)
    for drawn in found.values():
        drawn.sort(key=lambda run: run.id)
    return found


def _newest_of(job: str, limit: int) -> Any:
    columns = (Run.id, Run.job, Run.status, Run.at, Run.started_at, Run.finished_at)
    return select(*columns).where(Run.job == job, own_runs()).order_by(Run.id.desc()).limit(limit).subquery()


def items(
    session: Session, run_id: int, *, outcome: str | None = None, after: int = 0, limit: int = 100, done: bool = False
) -> Sequence[RunItem]:
    """Items that failed or were skipped, with `done` the others that are named too, after the id of the last one seen.

    `outcome` asks for one alone.
    """
    query = select(RunItem).where(RunItem.run_id == run_id, RunItem.id > after)
    if outcome is not None:
        query = query.where(RunItem.outcome == outcome)
    elif not done:
        query = query.where(RunItem.outcome != DONE)
    return session.scalars(query.order_by(RunItem.id).limit(min(limit, _MOST))).all()


def retried_items(session: Session, run: Run, *, after: int = 0, limit: int = 100) -> list[RetriedItem]:
    """What a retry made of each item that failed before, after the id of the last one seen. Empty for other runs."""
    if run.trigger != Trigger.RETRY:
        return []
    again = aliased(RunItem)
    same = (again.subject_kind == RunItem.subject_kind, again.subject_id == RunItem.subject_id)
    query = (
        select(RunItem, again.outcome, again.message)
        .outerjoin(again, and_(again.run_id == run.id, *same))
        .where(RunItem.run_id == run.parent_id, RunItem.outcome == FAILED, RunItem.id > after)
    )
    rows = session.execute(query.order_by(RunItem.id).limit(min(limit, _MOST)))
    return [RetriedItem(item, outcome, message) for item, outcome, message in rows]


def lines(session: Session, run_id: int, *, after: int = 0, limit: int = 200) -> Sequence[RunLine]:
    """Log lines of a run, after the id of the last one seen."""
    query = select(RunLine).where(RunLine.run_id == run_id, RunLine.id > after)
    return session.scalars(query.order_by(RunLine.id).limit(min(limit, _MOST))).all()


def transfers(session: Session, run_id: int, *, after: int = 0, limit: int = 100) -> Sequence[Transfer]:
    """Transfers that a run made, after the id of the last one seen."""
    query = select(Transfer).where(Transfer.run_id == run_id, Transfer.id > after)
    return session.scalars(query.order_by(Transfer.id).limit(min(limit, _MOST))).all()


def duration_ms(run: Run) -> int | None:
    """How long it took, or has taken so far as its rows tell."""
    if run.started_at is None or run.finished_at is None:
        return None
    return int((run.finished_at - run.started_at).total_seconds() * 1000)


def as_json(run: Run, items: Iterable[RunItem] = ()) -> dict[str, Any]:
    """A run as the API and `desk run --json` give it. `items` become its `errors`."""
    errors: list[dict[str, str | None]] = [
        {"item": f"{item.subject_kind}:{item.subject_id}", "message": item.message} for item in items
    ]
    if run.error:
        errors.insert(0, {"item": None, "message": run.error})
    return {
        "id": run.id,
        "job": run.job,
        "slot": _iso(run.slot),
        "trigger": run.trigger,
        "status": run.status,
        "dry_run": run.dry_run,
        "processed": run.processed,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "skipped": run.skipped,
        "amounts": run.amounts,
        "came_back": (run.other_amounts or {}).get(CAME_BACK, {}),
        "debts_met": (run.other_amounts or {}).get(DEBTS_MET, {}),
        "progress": {"done": run.processed, "total": run.total},
        "started_at": _iso(run.started_at),
        "finished_at": _iso(run.finished_at),
        "duration_ms": duration_ms(run),
        "errors": errors,
    }


def _iso(instant: datetime | None) -> str | None:
    return clock.iso(instant) if instant else None
