"""Writing transfers on SQLite: entries first, because the transfer's own trigger checks that they sum to zero.

There is one writer, so the next transfer numbers are known; the rank of a key among the entries is its rank
among the transfers, and a transfer without entries is refused, so that no entry can be given to another's transfer.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from webapp.domain.states import MirrorStatus
from webapp.models import Account, Entry, MirrorEntry, Transfer
from webapp.sql import Rows, insert_rows

_ACCOUNT: Any = Account.__table__


def write(
    session: Session, transfers: Rows, legs: Rows, *, mirrored_at: datetime | None
) -> tuple[int, dict[int, int], dict[str, int]]:
    """Insert entries and transfers and move the parties' accounts.

    With `mirrored_at` each transfer is also noted for the external ledger, due then.
    Returns how many transfers there are, the pools' changes by account id, and the amounts by currency.
    """
    last = session.scalars(select(func.coalesce(func.max(Transfer.id), 0))).one()
    sides, heads = legs.subquery(), transfers.subquery()
    rank = literal(last) + func.dense_rank().over(order_by=sides.c.key)
    rows = select(rank, sides.c.account_id, sides.c.currency, sides.c.amount)
    session.execute(insert(Entry).from_select(["transfer_id", "account_id", "currency", "amount"], rows))
    names = [column.name for column in heads.c if column.name != "key"]
    number = literal(last) + func.row_number().over(order_by=heads.c.key)
    made = select(number, *(heads.c[name] for name in names))
    session.execute(insert(Transfer).from_select(["id", *names], made))
    if mirrored_at is not None:
        _note(session, last, mirrored_at)
    amounts = select(Transfer.currency, func.count(), func.sum(Transfer.amount)).where(Transfer.id > last)
    totals = session.execute(amounts.group_by(Transfer.currency)).all()
    return sum(row[1] for row in totals), _move_accounts(session, last), {row[0]: row[2] for row in totals}


def _note(session: Session, last: int, at: datetime) -> None:
    new = select(Transfer.id.label("id")).where(Transfer.id > last).subquery()
    row = {"transfer_id": new.c.id, "status": str(MirrorStatus.WAITING), "attempts": 0, "next_try_at": at}
    insert_rows(session, MirrorEntry, row)


def _move_accounts(session: Session, last: int) -> dict[int, int]:
    # A bare GROUP BY account_id tempts the planner to walk the whole index of entries by account.
    by_account: UnaryExpression[int] = UnaryExpression(Entry.__table__.c.account_id, operator=custom_op("+"))
    sums = select(Entry.account_id, func.sum(Entry.amount).label("delta")).where(Entry.transfer_id > last)
    moved = sums.group_by(by_account).subquery()
    owned = select(moved.c.account_id, moved.c.delta, Account.party_id).join(Account, Account.id == moved.c.account_id)
    rows = session.execute(owned).all()
    parties = [{"account": row.account_id, "delta": row.delta} for row in rows if row.party_id is not None]
    if parties:
        session.connection().execute(_MOVE, parties)
    return {row.account_id: row.delta for row in rows if row.party_id is None}


_MOVE = (
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("account"))
    .values(balance=_ACCOUNT.c.balance + bindparam("delta"))
)
