"""Writing transfers on PostgreSQL: one statement, so that no row is read twice."""

from typing import Any

from sqlalchemy import CTE, func, literal, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.states import MirrorStatus
from webapp.models import Account, Entry, MirrorEntry, Transfer
from webapp.models.base import BigInt
from webapp.services.ledger.written import Written
from webapp.sql import Column, Rows, labelled


def statement(transfers: Rows, legs: Rows, mirrored_at: Column) -> Any:
    """What inserts transfers and entries and moves the parties' accounts.

    With `mirrored_at` each transfer is also noted for the external ledger, due then.
    """
    heads = transfers.cte("heads")
    names = [column.name for column in heads.c if column.name != "key"]
    made = _table(Transfer).insert().from_select(names, select(*(heads.c[name] for name in names)))
    made = made.returning(Transfer.id, Transfer.reference, Transfer.currency, Transfer.amount).cte("made")
    sides = legs.cte("sides")
    # RETURNING gives columns of the table only, not the posting's `key`: a transfer is found again by its reference,
    # which is unique.
    rows = select(made.c.id, sides.c.account_id, sides.c.currency, sides.c.amount)
    rows = rows.join_from(sides, heads, heads.c.key == sides.c.key).join(made, made.c.reference == heads.c.reference)
    posted = _table(Entry).insert().from_select(["transfer_id", "account_id", "currency", "amount"], rows)
    posted = posted.returning(Entry.account_id, Entry.amount).cte("entries")
    moved = (
        select(posted.c.account_id, func.sum(posted.c.amount).cast(BigInt).label("delta"))
        .group_by(posted.c.account_id)
        .cte("moved")
    )
    parties = (
        update(Account.__table__)  # type: ignore[arg-type]
        .values(balance=Account.balance + moved.c.delta)
        .where(Account.id == moved.c.account_id, Account.party_id.is_not(None))
        .returning(Account.id)
        .cte("parties")
    )
    pool = (
        literal("pool").label("what"),
        moved.c.account_id.label("key"),
        literal("").label("currency"),
        moved.c.delta,
        literal(0, BigInt).label("last"),
    )
    total = func.sum(made.c.amount).cast(BigInt)
    answer = union_all(
        select(*pool).join(Account, Account.id == moved.c.account_id).where(Account.party_id.is_(None)),
        select(literal("amount"), func.count(), made.c.currency, total, func.max(made.c.id)).group_by(made.c.currency),
    ).add_cte(parties)
    return answer if mirrored_at is None else answer.add_cte(_noted(made, mirrored_at))


def write(session: Session, prepared: Any, asked: dict[str, Any]) -> Written:
    """Carry the statement out, with its parameters."""
    written = Written()
    for what, key, currency, total, last in session.execute(prepared, asked):
        if what == "pool":
            written.pools[key] = total
        else:
            written.amounts[currency] = total
            written.count, written.last = written.count + key, max(written.last, last)
    return written


def _noted(made: CTE, at: Column) -> CTE:
    row = {"transfer_id": made.c.id, "status": str(MirrorStatus.WAITING), "attempts": 0, "next_try_at": at}
    noted: CTE = _table(MirrorEntry).insert().from_select(list(row), select(*labelled(MirrorEntry, row))).cte("noted")
    return noted


def _table(model: Any) -> Any:
    return model.__table__
