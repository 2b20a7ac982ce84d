"""The one text of an audit record that its seal covers, and the digest of a batch. Computed where the rows are.

A record from before roles were kept has none, and reads as it did then: its seal stays true.
"""

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from webapp.models import Audit
from webapp.sql import is_sqlite, one_of
from webapp.sqlite_functions import RowsDigest

_SEALED = (
    Audit.pos,
    Audit.actor,
    Audit.actor_name,
    Audit.action,
    Audit.subject_kind,
    Audit.subject_id,
    Audit.run_id,
    Audit.request_id,
    Audit.origin,
    Audit.reason,
    Audit.before,
    Audit.after,
)


def digest(session: Session, batch: int) -> str:
    """SHA-256 over the batch's records in order, hexadecimal."""
    return str(session.scalars(_digest(is_sqlite(session)), {"batch": batch}).one())


def digests(session: Session, batches: Sequence[int]) -> dict[int, tuple[int, str]]:
    """How many records each batch has and their digest, by one statement; a batch without records is left out."""
    mine = one_of(session, Audit.batch, batches)
    if not is_sqlite(session):
        rows = select(Audit.batch, func.count(), _hashed_on_postgresql()).where(mine).group_by(Audit.batch)
        return {batch: (count, found) for batch, count, found in session.execute(rows)}
    # In groups SQLite promises no order to an aggregate, so the lines are taken in theirs.
    lines = select(Audit.batch, _line_on_sqlite()).where(mine).order_by(Audit.batch, Audit.pos)
    found = {}
    for batch, of_batch in groupby(session.execute(lines), key=itemgetter(0)):
        summed, texts = RowsDigest(), [line for _, line in of_batch]
        for line in texts:
            summed.step(line)
        found[batch] = (len(texts), summed.finalize())
    return found


@cache
def _digest(on_sqlite: bool) -> Select[tuple[str]]:
    return select(digest_of(on_sqlite, bindparam("batch")))


def digest_of(on_sqlite: bool, batch: BindParameter[int]) -> ScalarSelect[str]:
    """The digest as a part of a statement."""
    if on_sqlite:
        lines = select(_line_on_sqlite().label("line")).where(Audit.batch == batch).order_by(Audit.pos).subquery()
        return select(func.rows_digest(lines.c.line)).scalar_subquery()
    return select(_hashed_on_postgresql()).where(Audit.batch == batch).scalar_subquery()


def _hashed_on_postgresql() -> ColumnElement[str]:
    joined = func.string_agg(_line_on_postgresql(), aggregate_order_by(literal_column(r"E'\n'"), Audit.pos))
    return func.encode(func.sha256(func.convert_to(func.coalesce(joined, ""), "UTF8")), "hex")


def _line_on_sqlite() -> ColumnElement[str]:
    fields = (cast(Audit.at, String), *_SEALED)
    return case((Audit.role.is_(None), func.json_array(*fields)), else_=func.json_array(*fields, Audit.role))


def _line_on_postgresql() -> ColumnElement[str]:
    """Each field with its length before it, so that no two records read the same; PostgreSQL's JSON is slower."""
    moment = func.to_char(func.timezone("UTC", Audit.at), "YYYY-MM-DD HH24:MI:SS.US")
    fields = (moment, *(cast(column, String) for column in _SEALED))
    values = (func.coalesce(_with_length(field), "-") for field in fields)
    return func.concat(*values, func.coalesce(_with_length(cast(Audit.role, String)), ""))


def _with_length(field: ColumnElement[str]) -> ColumnElement[str]:
    return cast(func.length(field), String).concat(":").concat(field)
