"""Writing transfers on SQLite: entries first, because the transfer's own trigger checks that they sum to zero.

There is one writer, so the next transfer numbers are known; the rank of a key among the entries is its rank
among the transfers, and a transfer without entries is refused, so that no entry can be given to another's transfer.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from webapp.domain.states import MirrorStatus
from webapp.models import Entry, MirrorEntry, Transfer
from webapp.services.ledger.moves import MOVE
from webapp.services.ledger.written import Written
from webapp.sql import Rows, insert_rows


class Statements(NamedTuple):
    """In this order."""

    entries: Any
    transfers: Any


def statements(transfers: Rows, legs: Rows) -> Statements:
    """What inserts entries and transfers."""
    last = select(func.coalesce(func.max(Transfer.id), 0)).correlate(None).scalar_subquery()
    sides, heads = legs.subquery(), transfers.subquery()
    rank = last + func.dense_rank().over(order_by=sides.c.key)
    rows = select(rank, sides.c.account_id, sides.c.currency, sides.c.amount)
    entries = _table(Entry).insert().from_select(["transfer_id", "account_id", "currency", "amount"], rows)
    names = [column.name for column in heads.c if column.name != "key"]
    rank_of_head = last + func.row_number().over(order_by=heads.c.key)
    made = select(rank_of_head, *(heads.c[name] for name in names))
    writing = _table(Transfer).insert().from_select(["id", *names], made)
    return Statements(entries, writing.returning(Transfer.id, Transfer.currency, Transfer.amount))


def write(session: Session, prepared: Statements, asked: dict[str, Any], *, mirrored_at: datetime | None) -> Written:
    """Carry the statements out, and move the accounts, those of pools too: nobody else waits for them here.

    With `mirrored_at` each transfer is also noted for the external ledger, due then.
    """
    session.execute(prepared.entries, asked)
    written, first = Written(), 0
    for number, currency, amount in session.execute(prepared.transfers, asked):
        written.count, written.last = written.count + 1, max(written.last, number)
        written.amounts[currency] = written.amounts.get(currency, 0) + amount
        first = min(first or number, number)
    if first:
        _move_accounts(session, first)
        if mirrored_at is not None:
            _note(session, first, mirrored_at)
    return written


def _note(session: Session, first: int, at: datetime) -> None:
    new = select(Transfer.id.label("id")).where(Transfer.id >= first).subquery()
    row = {"transfer_id": new.c.id, "status": str(MirrorStatus.WAITING), "attempts": 0, "next_try_at": at}
    insert_rows(session, MirrorEntry, row)


def _move_accounts(session: Session, first: int) -> None:
    # A bare GROUP BY account_id tempts the planner to walk the whole index of entries by account.
    by_account: UnaryExpression[int] = UnaryExpression(Entry.__table__.c.account_id, operator=custom_op("+"))
    sums = select(Entry.account_id, func.sum(Entry.amount)).where(Entry.transfer_id >= first).group_by(by_account)
    moves = [{"account": account_id, "delta": delta} for account_id, delta in session.execute(sums)]
    session.connection().execute(MOVE, moves)


def _table(model: Any) -> Any:
    return model.__table__
