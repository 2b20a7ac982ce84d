"""What the role that the desk connects as may do to the database: enough for its work, and nothing to its records."""

from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from webapp.migrations.roles import WRITTEN_ONCE
from webapp.sql import is_sqlite

_RIGHTS = text("""
SELECT current_user,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  has_schema_privilege(current_schema(), 'CREATE'),
  ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p') AND c.relname IN :once AND (has_table_privilege(c.oid, 'UPDATE')
    OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')) ORDER BY 1),
  ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' AND NOT (has_table_privilege(c.oid, 'SELECT')
    AND has_table_privilege(c.oid, 'INSERT')
    AND (c.relname IN :once OR has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')))
    ORDER BY 1)
""").bindparams(bindparam("once", list(WRITTEN_ONCE), expanding=True))


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one role, in the desk's schema."""

    role: str
    is_superuser: bool
    may_make_tables: bool
    may_change: tuple[str, ...]
    """Tables of the ledger and the audit trail that it could change or empty."""
    lacks: tuple[str, ...]
    """Tables that it can't work with."""


def of_this_role(session: Session) -> Rights | None:
    """The rights of the role that this session is; None on SQLite, which has none."""
    if is_sqlite(session):
        return None
    role, is_superuser, may_make, may_change, lacks = session.execute(_RIGHTS).one()
    return Rights(role, is_superuser, may_make, tuple(may_change), tuple(lacks))
