"""How much waits to be done, from the database: true even when Redis is empty or down."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import UNFINISHED_RUNS, RunStatus
from webapp.models import Run


@dataclass(frozen=True)
class QueueDepth:
    """Unfinished runs, and how long the oldest queued one has waited, in seconds."""

    queued: int
    running: int
    oldest_seconds: int


def waiting(session: Session, at: datetime) -> QueueDepth:
    """What is queued and what is running. Reads the index of unfinished runs only."""
    query = select(Run.status, func.count(), func.min(Run.created_at)).where(Run.status.in_(UNFINISHED_RUNS))
    found = {status: (count, since) for status, count, since in session.execute(query.group_by(Run.status))}
    queued, since = found.get(RunStatus.QUEUED, (0, None))
    running, _ = found.get(RunStatus.RUNNING, (0, None))
    return QueueDepth(queued, running, int((at - since).total_seconds()) if since else 0)
