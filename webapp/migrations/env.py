"""Alembic's entry: one transaction for all pending revisions, on the address that `upgrade` was given."""

from alembic import context

from webapp.db import LOCK_TIMEOUT, Database

_PATIENCE = 600_000
"""Milliseconds that SQLite waits for another process that migrates."""


def run() -> None:
    """Run what is pending."""
    database = Database(context.config.attributes["url"])
    try:
        with database.engine.connect().execution_options(desk_writes=True) as connection:
            if database.is_sqlite:
                connection.connection.cursor().execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            context.configure(connection=connection, transactional_ddl=True)
            with context.begin_transaction():
                _one_at_a_time(connection.dialect.name)
                context.run_migrations()
    finally:
        database.close()


def _one_at_a_time(dialect: str) -> None:
    """Wait for another process that migrates, however long it takes; for tables that are in use only as usual."""
    if dialect == "postgresql":
        context.execute("SET LOCAL statement_timeout = 0")
        context.execute("SET LOCAL lock_timeout = 0")
        context.execute("SELECT pg_advisory_xact_lock(7201441)")
        context.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")


run()
