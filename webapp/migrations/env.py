"""Alembic's entry: one transaction for all pending revisions, on the address that `upgrade` was given, or the one that
is open on the connection that `upgrade_within` was given.
"""

from alembic import context
from sqlalchemy import Connection

from webapp.db import LOCK_TIMEOUT, Database

_PATIENCE = 600_000
"""Milliseconds that SQLite waits for another process that migrates."""


def run() -> None:
    """Run what is pending."""
    if (given := context.config.attributes.get("connection")) is not None:
        _on(given)
        return
    database = Database(context.config.attributes["url"])
    try:
        with database.engine.connect().execution_options(desk_writes=True) as connection:
            if database.is_sqlite:
                connection.connection.cursor().execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            _on(connection)
    finally:
        database.close()


def _on(connection: Connection) -> None:
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        _one_at_a_time(connection.dialect.name)
        context.run_migrations()


def _one_at_a_time(dialect: str) -> None:
    """Wait for another process that migrates, however long it takes; for tables that are in use only as usual."""
    if dialect == "postgresql":
        context.execute("SET LOCAL statement_timeout = 0")
        context.execute("SET LOCAL lock_timeout = 0")
        context.execute("SELECT pg_advisory_xact_lock(7201441)")
        context.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")


run()
