"""Reads that may come from a standby of the database: long ones, and none by which anybody decides.

A standby is behind. Before it is read it has replayed what was committed when the reading was asked for, so that nobody
misses what they, or anybody else, did before. Where it has not within two seconds, or can't be asked, the database
itself is read.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.db import Database
from webapp.logs import get_logger

Reading = Callable[[], AbstractContextManager[Session]]

PATIENCE = 2.0
"""Seconds that a reading waits for the standby."""
LEFT_ALONE = 30.0
"""Seconds for which one that could not be asked is not asked again."""
_PAUSE = 0.02
_POSITION = text("SELECT pg_current_wal_flush_lsn()::text")
_STATE = text(
    "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn), false),"
    " pg_postmaster_start_time()"
)
_SERVER = text("SELECT pg_postmaster_start_time()")


class Replica:
    """The database and, where one is set, its standby."""

    def __init__(self, primary: Database, standby: Database | None) -> None:
        self._primary, self._standby = primary, standby
        self._asked_again_at = 0.0

    @property
    def is_set(self) -> bool:
        """Whether there is a standby to read."""
        return self._standby is not None

    def reading_from_now(self) -> Reading:
        """How to open snapshots that all have what was committed until this moment."""
        if self._standby is None or time.monotonic() < self._asked_again_at:
            return self._primary.reading
        with self._primary.reading() as session:
            position = str(session.execute(_POSITION).scalar_one())
        standby, given_up = self._standby, list[str]()
        return lambda: self._snapshot(standby, position, given_up)

    def problem(self) -> str:
        """Why the standby is not read now, in a sentence; empty when it is. Raises DBAPIError of the primary."""
        if self._standby is None:
            return ""
        with self._primary.reading() as session:
            position = str(session.execute(_POSITION).scalar_one())
        try:
            self._caught_up(self._standby, position)
        except _NotRead as problem:
            return str(problem)
        return ""

    def close(self) -> None:
        """Let go of the standby's connections."""
        if self._standby is not None:
            self._standby.close()

    @contextmanager
    def _snapshot(self, standby: Database, position: str, given_up: list[str]) -> Iterator[Session]:
        """Of the standby, until it was given up once: a file of a thousand pages waits for it no more than once."""
        with ExitStack() as opened:
            session = None if given_up else self._of_standby(opened, standby, position, given_up)
            yield session or opened.enter_context(self._primary.reading())

    def _of_standby(self, opened: ExitStack, standby: Database, position: str, given_up: list[str]) -> Session | None:
        try:
            return self._opened(opened, standby, position)
        except _NotRead as problem:
            given_up.append(str(problem))
            get_logger().warning("replica.not_read", why=str(problem))
            return None

    def _opened(self, opened: ExitStack, standby: Database, position: str) -> Session:
        if time.monotonic() < self._asked_again_at:
            raise _NotRead("It could not be asked a moment ago.")
        server = self._caught_up(standby, position)
        with ExitStack() as mine:
            try:
                session = mine.enter_context(standby.reading())
                # Another transaction may be on another server, where several stand behind one address.
                if session.execute(_SERVER).scalar_one() != server:
                    raise _NotRead("Its address leads to several servers.")
            except DBAPIError as problem:
                raise self._failed(problem) from None
            opened.push(mine.pop_all())
            return session

    def _caught_up(self, standby: Database, position: str) -> datetime:
        """Wait until it has replayed the position; says which server it is.

        The question is a transaction of its own: one that asked and then read would read its snapshot of before.
        """
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                with standby.engine.connect() as connection:
                    follows, is_there, server = connection.execute(_STATE, {"position": position}).one()
            except DBAPIError as problem:
                raise self._failed(problem) from None
            if not follows:
                raise _NotRead("It follows nobody: it is no standby, or was promoted.")
            if is_there:
                found: datetime = server
                return found
            if time.monotonic() > ends:
                raise _NotRead(f"It was more than {PATIENCE:g} s behind.")
            time.sleep(_PAUSE)

    def _failed(self, problem: DBAPIError) -> "_NotRead":
        self._asked_again_at = time.monotonic() + LEFT_ALONE
        return _NotRead(f"It can't be asked: {str(problem.orig).partition(chr(10))[0]}.")


class _NotRead(Exception):
    """The database itself is to be read."""
