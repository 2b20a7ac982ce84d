"""The database: engines, sessions, and the one commit of the whole code."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from webapp.database_address import postgresql_address
from webapp.db_failures import in_doubt
from webapp.private_files import private_database
from webapp.sqlite_functions import RowsDigest

Hook = Callable[[Session], None]

STATEMENT_TIMEOUT = 120_000
LOCK_TIMEOUT = 5_000
"""Milliseconds that a statement, and a wait for a lock, may take."""
SILENCE_SECONDS = 20
"""How long a server may be out of reach before its connection is given up: well below every lease, so that a process
that is cut off learns it before another takes over what it has in hand.
"""


class Database:
    """One database, SQLite or PostgreSQL. Nothing connects before the first use."""

    def __init__(
        self,
        url: str,
        *,
        before_commit: Sequence[Hook] = (),
        pool_size: int = 10,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        """`info` is what each session's own `info` starts with."""
        self.url = url
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url, pool_size)
        self._before_commit = tuple(before_commit)
        self._info = dict(info or {})
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=True, info=self._info)
        self.pool_limit = 2 * pool_size

    @property
    def is_sqlite(self) -> bool:
        """Whether there is one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One decision: everything in it is committed together, or nothing is.

        Last of all it settles the pool accounts and seals the audit batch; after the commit it runs what was
        put into `session.info["after_commit"]`, and what was put into `"on_rollback"` when it never comes to a commit.
        Raises CommitInDoubt when the acknowledgement of the commit was lost.
        """
        with self._sessions() as session:
            connection = session.connection(execution_options={"desk_writes": True})
            try:
                yield session
                session.flush()
                for hook in self._before_commit:
                    hook(session)
            except BaseException:
                _run(session, "on_rollback")
                raise
            try:
                session.commit()
            except Exception as problem:
                # SQLite keeps a transaction open whose commit was refused; nobody may get this connection again.
                connection.invalidate()
                doubt = in_doubt(problem)
                if doubt is not None:
                    raise doubt from problem
                raise
        _run(session, "after_commit")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to read from; what is changed in it is rolled back, and what was read can be used afterwards."""
        with self._sessions() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session
            session.expunge_all()
            session.rollback()

    def remember(self, name: str, value: Any) -> None:
        """From now on each session's `info` starts with this too."""
        self._info = self._info | {name: value}
        self._sessions.configure(info=self._info)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def after_commit(session: Session, nudge: Callable[[], None]) -> None:
    """Do this once the session's transaction is committed; never if it isn't."""
    session.info.setdefault("after_commit", []).append(nudge)


def on_rollback(session: Session, undo: Callable[[], None]) -> None:
    """Do this when the session's transaction is given up. A commit that fails doesn't count: it may have been made."""
    session.info.setdefault("on_rollback", []).append(undo)


def _run(session: Session, when: str) -> None:
    for callback in session.info.pop(when, ()):
        callback()


def _postgresql(url: str, pool_size: int) -> Engine:
    address, threshold = postgresql_address(url)
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # The text of an error goes to the log, where no name and no address of anybody belongs.
        hide_parameters=True,
        connect_args=_SOCKET | {"application_name": "escrow-desk"} | threshold,
    )
    settings = "; ".join(
        f"SET LOCAL {name} = {value}"
        for name, value in {
            "statement_timeout": STATEMENT_TIMEOUT,
            "lock_timeout": LOCK_TIMEOUT,
            "timezone": "'UTC'",
            # A pooler hands on what others set for their session: pg_dump, that no table is found by its bare name.
            "search_path": "DEFAULT",
            # A generic plan takes a list of ids for ten rows, and joins thousands in nested loops.
            "plan_cache_mode": "force_custom_plan",
            # Told that a random read is four times a sequential one, it walks a whole table for a page of a list.
            "random_page_cost": "1.1",
        }.items()
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        _prepare_nothing_behind_a_pooler(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # In each transaction: a pooler such as PgBouncer refuses them at the start of a connection, and forgets those
        # of a session, for the next transaction may be on another server connection.
        connection.exec_driver_sql(settings)

    return engine


def _prepare_nothing_behind_a_pooler(connection: Any) -> None:
    """A prepared statement is known to one server connection alone, and a pooler gives out another each time.

    Whether one is between shows in the number of the server process: a pooler tells one of its own.
    """
    pooled = is_pooled(connection)
    connection.rollback()
    if pooled:
        connection.prepare_threshold = None


def is_pooled(connection: Any) -> bool:
    """Whether a pooler stands between this connection of psycopg and the server."""
    [found] = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    return bool(found != connection.info.backend_pid)


_SOCKET = {
    "connect_timeout": 5,
    "tcp_user_timeout": SILENCE_SECONDS * 1000,
    "keepalives": 1,
    "keepalives_idle": SILENCE_SECONDS // 2,
    "keepalives_interval": SILENCE_SECONDS // 4,
    "keepalives_count": 2,
}
"""How libpq watches a connection while nothing is said on it, and while what was said is not acknowledged."""


def _sqlite(url: str) -> Engine:
    waits = {"timeout": LOCK_TIMEOUT / 1000, "check_same_thread": False}
    engine = create_engine(url, connect_args=waits, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def close_to_others(_dialect: Any, _record: Any, args: Sequence[str], _more: Any) -> None:
        file = Path(args[0])
        if not args[0].startswith((":", "file:")) and file.parent.is_dir():
            private_database(file)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "foreign_keys = ON",
            "synchronous = FULL",
            "cache_size = -16384",
            "wal_autocheckpoint = 16384",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("clock_timestamp", 0, _sqlite_time)
        connection.create_aggregate("rows_digest", -1, RowsDigest)  # type: ignore[arg-type]

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("desk_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_time() -> str:
    """SQLite's clock is this machine's, whatever the process believes; PostgreSQL has a function of this name."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
