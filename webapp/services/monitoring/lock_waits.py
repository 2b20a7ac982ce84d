"""Who waits for a lock of the database at this moment: many, or one for long, is a transaction that holds up others."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.sql import is_sqlite


@dataclass(frozen=True, slots=True)
class LockWaits:
    """How many sessions wait, and for how many seconds the first of them has."""

    sessions: int
    longest: float


_WAITING = text(
    "SELECT count(DISTINCT waiting.pid), "
    "coalesce(extract(epoch FROM clock_timestamp() - min(waiting.waitstart)), 0) "
    "FROM pg_locks AS waiting JOIN pg_stat_activity AS one ON one.pid = waiting.pid "
    "WHERE NOT waiting.granted AND one.datname = current_database()"
)


def read(session: Session) -> LockWaits:
    """Nobody on SQLite, whose writers wait for one another outside the database, no longer than they may."""
    if is_sqlite(session):
        return LockWaits(0, 0.0)
    sessions, longest = session.execute(_WAITING).one()
    return LockWaits(int(sessions), max(0.0, float(longest)))
