"""Alembic's entry: one transaction for all pending revisions, on the address that `upgrade` was given."""

from alembic import context

from webapp.db import Database
from webapp.models import Base


def run() -> None:
    """Run what is pending."""
    database = Database(context.config.attributes["url"])
    try:
        with database.engine.connect().execution_options(desk_writes=True) as connection:
            context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
            with context.begin_transaction():
                _one_at_a_time(connection.dialect.name)
                context.run_migrations()
    finally:
        database.close()


def _one_at_a_time(dialect: str) -> None:
    if dialect == "postgresql":
        context.execute("SELECT pg_advisory_xact_lock(7201441)")


run()
