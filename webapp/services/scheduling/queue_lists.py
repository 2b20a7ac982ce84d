"""Runs that wait or are under way, and what became of the last ones, from the database."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.durations import Percentiles, percentiles
from webapp.domain.states import UNFINISHED_RUNS
from webapp.models import Run

SHOWN = 50
_WINDOW = timedelta(hours=1)
_MOST_RUNS = 2_000


@dataclass(frozen=True)
class Throughput:
    """Runs that ended within the last hour, by status; `bounded` when only the latest were looked at.

    How long they waited and took, in seconds, and how many items they did.
    """

    ended: dict[str, int]
    bounded: bool
    waited: Percentiles | None = None
    took: Percentiles | None = None
    items: int = 0


def unfinished(session: Session) -> list[Run]:
    """What is queued or running, oldest first."""
    query = select(Run).where(Run.status.in_(UNFINISHED_RUNS)).order_by(Run.id).limit(SHOWN)
    return list(session.scalars(query))


def throughput(session: Session, at: datetime) -> Throughput:
    """What ended lately. Looks at the newest runs only."""
    columns = (Run.status, Run.created_at, Run.started_at, Run.finished_at, Run.processed)
    newest = select(*columns).order_by(Run.id.desc()).limit(_MOST_RUNS).subquery()
    rows = session.execute(select(newest).where(newest.c.finished_at >= at - _WINDOW)).all()
    ran = [row for row in rows if row.started_at is not None]
    return Throughput(
        ended=dict(Counter(row.status for row in rows)),
        bounded=len(rows) >= _MOST_RUNS,
        waited=percentiles([_seconds(row.created_at, row.started_at) for row in ran]),
        took=percentiles([_seconds(row.started_at, row.finished_at) for row in ran]),
        items=sum(row.processed for row in rows),
    )


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
