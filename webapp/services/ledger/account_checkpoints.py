"""What accounts' entries sum to, up to one of them, kept so that the hourly check adds only what came since.

Each row is exact by itself: the sum of every entry of its account up to that one. It is derived, and summed anew once a
week; what it may be made from is only what no open transaction can add to.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from webapp.models import AccountCheckpoint, Entry
from webapp.models.base import BigInt
from webapp.sql import Rows, insert_new


@dataclass(slots=True)
class Sum:
    """An account's entries up to one of them, being summed in slices; `expected` is what its checkpoint says."""

    account: int
    to: int
    expected: int | None
    after: int = 0
    total: int = 0


def advance(session: Session, after: int, to: int) -> None:
    """Move the checkpoints of the accounts that these entries moved up to the last of them."""
    touched = select(Entry.account_id).where(Entry.id > after, Entry.id <= to).distinct().subquery()
    point = AccountCheckpoint
    more = (
        select(func.sum(Entry.amount).cast(BigInt))
        .where(Entry.account_id == touched.c.account_id, Entry.id > func.coalesce(point.entry_id, 0), Entry.id <= to)
        .correlate(touched, point)
    )
    balance = func.coalesce(point.balance, 0) + func.coalesce(more.scalar_subquery(), 0)
    _keep(
        session,
        select(touched.c.account_id, literal(to, BigInt), balance)
        .outerjoin(point, point.account_id == touched.c.account_id)
        # What is behind already stays: a walk that begins again meets its own checkpoints.
        .where(func.coalesce(point.entry_id, 0) < to),
    )


def make(session: Session, after: int, to: int, entries: int) -> None:
    """Make the checkpoints of accounts with these ids, up to this entry, from their entries."""
    mine = (Entry.account_id > after, Entry.account_id <= to, Entry.id <= entries)
    sums = select(Entry.account_id, literal(entries, BigInt), func.sum(Entry.amount).cast(BigInt)).where(*mine)
    _keep(session, sums.group_by(Entry.account_id))


def make_one(session: Session, made: Sum) -> None:
    """Make the checkpoint of an account that was summed."""
    _keep(session, select(literal(made.account, BigInt), literal(made.to, BigInt), literal(made.total, BigInt)))


def _keep(session: Session, rows: Rows) -> None:
    columns = ["account_id", "entry_id", "balance"]
    # SQLite reads ON CONFLICT after a bare SELECT as the ON of a join.
    chosen: Any = rows if rows.whereclause is not None else rows.where(literal(1) == 1)
    insert = insert_new(session, AccountCheckpoint).from_select(columns, chosen)
    values = {name: insert.excluded[name] for name in columns[1:]}
    session.execute(insert.on_conflict_do_update(index_elements=["account_id"], set_=values))
