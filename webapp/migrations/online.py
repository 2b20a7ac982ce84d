"""Changes of tables that are long and in use: steps that keep nobody from writing, each committed by itself.

A migration that takes such a step does nothing else, for what stood before it is committed while the migration is not
noted as done yet: it is run again from its beginning when it is cut off. `tests/support/migration_linter.py` holds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

ONLINE = "desk_online"
"""The option of a connection whose transaction may be committed between two steps: not that of a restore."""


def index_online(name: str, table: str, columns: list[Any], *, where: str | None = None, **more: Any) -> None:
    """An index that is built while the table is written to; what an interrupted build left is replaced."""
    part: dict[str, Any] = {} if where is None else {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    if not _may_commit():
        op.create_index(name, table, columns, **part, **more)
        return
    with _committed_by_itself():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.create_index(name, table, columns, postgresql_concurrently=True, **part, **more)


def check_online(name: str, table: str, condition: str) -> None:
    """A check that holds for new rows at once, and for those that are there once they were read without a lock.

    PostgreSQL only: SQLite, where there is one writer anyway, makes it in a `batch_alter_table`.
    """
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    if not _may_commit():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        return
    with _committed_by_itself():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _may_commit() -> bool:
    return bool(op.get_bind().get_execution_options().get(ONLINE))


@contextmanager
def _committed_by_itself() -> Iterator[None]:
    """What stands before is committed, then each statement; what comes after has no limit of time, as before."""
    with op.get_context().autocommit_block():
        yield
    op.execute("SET LOCAL statement_timeout = 0")
