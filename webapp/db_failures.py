"""What a failure of the database means: which ones pass by themselves, and after which nobody knows what was done."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class CommitInDoubt(OperationalError):
    """The connection was lost while a transaction was being committed: it may have been made, or not."""


@dataclass(frozen=True, slots=True)
class DatabaseFailure:
    """Why the database can't do it now, in a sentence, and after how many seconds it is worth another try."""

    sentence: str
    retry_after: int


AWAY = DatabaseFailure("The database can't be reached just now.", 5)
BUSY = DatabaseFailure("The database is busy with something else, and the wait for it was given up.", 2)
FULL = DatabaseFailure("The database has no room left, so nothing can be written.", 60)
READ_ONLY = DatabaseFailure("The database takes no changes just now.", 30)

# PostgreSQL's error codes, by their longest known beginning (its documentation, appendix A).
_STATES = {
    "08": AWAY,  # connection exceptions
    "25006": READ_ONLY,
    "40": BUSY,  # serialization failures and deadlocks
    "53": BUSY,  # insufficient resources: memory, connections
    "53100": FULL,
    "55P03": BUSY,  # a lock was not to be had
    "57": BUSY,  # operator intervention: a statement took too long
    "57P": AWAY,  # … or the server shuts down, starts, or crashed
    "58": AWAY,  # its disk or its system failed
}
# SQLite's messages for SQLITE_BUSY, _FULL, _READONLY, _IOERR and _CANTOPEN.
_MESSAGES = {
    "database is locked": BUSY,
    "disk is full": FULL,
    "readonly database": READ_ONLY,
    "disk i/o error": AWAY,
    "unable to open database": AWAY,
}


def failure_of(problem: BaseException) -> DatabaseFailure | None:
    """What passes by itself about this; None when it is a mistake of ours."""
    if isinstance(problem, PoolTimeout):
        return BUSY
    if not isinstance(problem, DBAPIError):
        return None
    state = _state(problem)
    if state is not None:
        known = (_STATES[state[:length]] for length in (5, 3, 2) if state[:length] in _STATES)
        return next(known, None)
    message = str(problem.orig).lower()
    by_message = next((failure for words, failure in _MESSAGES.items() if words in message), None)
    return by_message or (AWAY if problem.connection_invalidated or _is_lost(problem) else None)


def in_doubt(problem: BaseException) -> CommitInDoubt | None:
    """What a failed commit is when nobody knows whether it was made; None when it surely was not."""
    if not isinstance(problem, DBAPIError) or failure_of(problem) is not AWAY:
        return None
    return CommitInDoubt(problem.statement, problem.params, _orig(problem), connection_invalidated=True)


def _orig(problem: DBAPIError) -> BaseException:
    return problem.orig or problem


def _state(problem: DBAPIError) -> str | None:
    state = getattr(problem.orig, "sqlstate", None)
    return str(state) if state else None


def _is_lost(problem: DBAPIError) -> bool:
    """psycopg's own failures, of sockets, come as OperationalError without a code of the server's."""
    return isinstance(problem, OperationalError) and type(problem.orig).__module__.startswith("psycopg")
