"""Runs that wait or are under way, and what became of the last ones, from the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import UNFINISHED_RUNS
from webapp.models import Run

SHOWN = 50
_WINDOW = timedelta(hours=1)
_MOST_RUNS = 5_000


@dataclass(frozen=True)
class Throughput:
    """Runs that ended within the last hour, by status; `bounded` when only the latest were looked at."""

    ended: dict[str, int]
    bounded: bool


def unfinished(session: Session) -> list[Run]:
    """What is queued or running, oldest first."""
    query = select(Run).where(Run.status.in_(UNFINISHED_RUNS)).order_by(Run.id).limit(SHOWN)
    return list(session.scalars(query))


def throughput(session: Session, at: datetime) -> Throughput:
    """What ended lately. Looks at the newest runs only."""
    newest = select(Run.status, Run.finished_at).order_by(Run.id.desc()).limit(_MOST_RUNS).subquery()
    lately = select(newest.c.status, func.count()).where(newest.c.finished_at >= at - _WINDOW)
    found: dict[str, int] = dict(session.execute(lately.group_by(newest.c.status)).all())
    return Throughput(found, sum(found.values()) >= _MOST_RUNS)
