"""A clock that stands where a test puts it, for the desk's processes and for its database alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from webapp import clock
from webapp import db as db_module

START = datetime(2026, 3, 2, 9, 30, 17, tzinfo=UTC)
_POSTGRESQL = """
    CREATE TABLE public.moved_clock (at timestamptz NOT NULL);
    INSERT INTO public.moved_clock VALUES (pg_catalog.clock_timestamp());
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT at FROM public.moved_clock';
"""


class MovedClock:
    """What time it is for everybody."""

    def __init__(self) -> None:
        self.at = START
        self._server: psycopg.Connection | None = None

    def move(self, at: datetime) -> None:
        """From now on it is this time."""
        self.at = at
        if self._server is not None:
            self._server.execute("UPDATE public.moved_clock SET at = %s", [at])

    @contextmanager
    def of_postgresql(self, url: str) -> Iterator[psycopg.Connection]:
        """Be the clock of this database too, whose own function is found behind ours; by this connection."""
        with psycopg.connect(url, autocommit=True) as self._server:
            name = self._server.info.dbname
            self._server.execute(_POSTGRESQL)
            self._server.execute(
                sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(sql.Identifier(name))
            )
            self.move(self.at)
            yield self._server
        self._server = None


@contextmanager
def moved_clock() -> Iterator[MovedClock]:
    """While this lasts, the machine's and SQLite's clock are the one that is moved."""
    moved = MovedClock()
    local, sqlite = clock.local, db_module._sqlite_time
    clock.local = lambda: moved.at
    db_module._sqlite_time = lambda: moved.at.strftime("%Y-%m-%d %H:%M:%S.%f")
    try:
        yield moved
    finally:
        clock.local, db_module._sqlite_time = local, sqlite
