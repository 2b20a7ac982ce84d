"""Disabling the triggers that hold rows immutable, for one transaction of the schema's owner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.migrations import anywhere

_ON_POSTGRESQL = """
SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
       format('ALTER TABLE %s ENABLE TRIGGER %I', tgrelid::regclass, tgname)
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND tgenabled = 'O' AND relnamespace = current_schema()::regnamespace
ORDER BY 1
"""
_ON_SQLITE = """SELECT 'DROP TRIGGER "' || name || '"', sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"""


@contextmanager
def triggers_disabled(session: Session) -> Iterator[None]:
    """Without triggers inside, and with all of them again afterwards; when it fails, the rollback brings them back."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    found = session.execute(text(_ON_SQLITE if is_sqlite else _ON_POSTGRESQL)).all()
    _run_all(session, [disable for disable, _ in found])
    yield
    session.flush()
    _run_all(session, [restore for _, restore in found])
    anywhere.read_anew(session.connection())


def _run_all(session: Session, statements: Sequence[str]) -> None:
    connection = session.connection()
    for statement in statements:
        connection.exec_driver_sql(statement)
