"""The one text of an audit record that its seal covers, and the digest of a batch. Computed where the rows are."""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from webapp.models import Audit
from webapp.sql import is_sqlite

_SEALED = (
    Audit.pos, Audit.actor, Audit.actor_name, Audit.action, Audit.subject_kind, Audit.subject_id, Audit.run_id,
    Audit.request_id, Audit.origin, Audit.reason, Audit.before, Audit.after,
)


def digest(session: Session, batch: int) -> str:
    """SHA-256 over the batch's records in their order, hexadecimal."""
    line = _line(session)
    if is_sqlite(session):
        lines = select(line.label("line")).where(Audit.batch == batch).order_by(Audit.pos).subquery()
        return session.scalars(select(func.rows_digest(lines.c.line))).one()
    joined = func.string_agg(line, aggregate_order_by(literal_column(r"E'\n'"), Audit.pos))
    hashed = func.encode(func.sha256(func.convert_to(joined, "UTF8")), "hex")
    return session.scalars(select(hashed).where(Audit.batch == batch)).one()


def _line(session: Session) -> ColumnElement[str]:
    """Each field with its length before it, so that no two records read the same."""
    fields = [_text_of_instant(session), *(cast(column, String) for column in _SEALED)]
    parts: ColumnElement[str] = literal("")
    for field in fields:
        said: Any = func.coalesce(cast(func.length(field), String).concat(":").concat(field), "-")
        parts = parts.concat(said)
    return parts


def _text_of_instant(session: Session) -> ColumnElement[str]:
    if is_sqlite(session):
        return cast(Audit.at, String)
    return func.to_char(func.timezone("UTC", Audit.at), "YYYY-MM-DD HH24:MI:SS.US")
