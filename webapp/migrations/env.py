"""Alembic's entry: one transaction for all pending revisions, on the address that `upgrade` was given, or the one that
is open on the connection that `upgrade_within` was given. Steps of `webapp.migrations.online` commit in between.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, text

from webapp.db import LOCK_TIMEOUT, Database
from webapp.migrations import anywhere
from webapp.migrations.online import ONLINE

_PATIENCE = 600_000
"""Milliseconds that SQLite waits for another process that migrates."""


_ONE_AT_A_TIME = 7201441
_POLL_SECONDS = 0.2


def run() -> None:
    """Run what is pending."""
    if (given := context.config.attributes.get("connection")) is not None:
        _wait_within(given)
        _on(given)
        return
    database = Database(context.config.attributes["url"])
    try:
        options = {"desk_writes": True} if database.is_sqlite else {"desk_writes": True, ONLINE: True}
        with database.engine.connect().execution_options(**options) as connection:
            if database.is_sqlite:
                connection.connection.cursor().execute(f"PRAGMA busy_timeout = {_PATIENCE}")
                _on(connection)
            else:
                with _alone(connection):
                    _on(connection)
                    if _is_at_newest():
                        anywhere.build_online(connection)
    finally:
        database.close()


def _on(connection: Connection) -> None:
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        _without_limits(connection.dialect.name)
        context.run_migrations()
        if connection.dialect.name == "sqlite" and _is_at_newest():
            anywhere.build_on_sqlite(connection)


def _is_at_newest() -> bool:
    """Whether everything was run, and not only up to a revision that somebody named."""
    return bool(context.get_context().get_current_revision() == context.script.get_current_head())


def _without_limits(dialect: str) -> None:
    """Take as long as it takes; but wait for a table that is in use only as usual."""
    if dialect == "postgresql":
        context.execute("SET LOCAL statement_timeout = 0")
        context.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")


def _wait_within(connection: Connection) -> None:
    """Wait for another process that migrates, in the transaction that is open: nothing is built concurrently in it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One process migrates at a time, over all that it commits; the others wait, however long it takes.

    They ask again and again instead of waiting for the lock: an index that is built concurrently waits for every
    transaction that is open, theirs too, and neither would end.
    """
    while not _tried(connection, "pg_try_advisory_lock"):
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            _tried(connection, "pg_advisory_unlock")


def _tried(connection: Connection, function: str) -> bool:
    with connection.begin():
        return bool(connection.execute(text(f"SELECT {function}({_ONE_AT_A_TIME})")).scalar_one())


run()
