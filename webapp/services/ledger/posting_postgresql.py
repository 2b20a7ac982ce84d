"""Writing transfers on PostgreSQL: one statement, so that no row is read twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import CTE, func, literal, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.states import MirrorStatus
from webapp.models import Account, Entry, MirrorEntry, Transfer
from webapp.models.base import BigInt
from webapp.sql import Rows, labelled


def write(
    session: Session, transfers: Rows, legs: Rows, *, mirrored_at: datetime | None
) -> tuple[int, dict[int, int], dict[str, int]]:
    """Insert transfers and entries and move the parties' accounts.

    With `mirrored_at` each transfer is also noted for the external ledger, due then.
    Returns how many transfers there are, the pools' changes by account id, and the amounts by currency.
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
    answer = union_all(
        select(
            literal("pool").label("what"), moved.c.account_id.label("key"), literal("").label("currency"), moved.c.delta
        )
        .join(Account, Account.id == moved.c.account_id)
        .where(Account.party_id.is_(None)),
        select(literal("amount"), func.count(), made.c.currency, func.sum(made.c.amount).cast(BigInt)).group_by(
            made.c.currency
        ),
    ).add_cte(parties)
    if mirrored_at is not None:
        answer = answer.add_cte(_noted(made, mirrored_at))
    pools: dict[int, int] = {}
    amounts: dict[str, int] = {}
    count = 0
    for what, key, currency, total in session.execute(answer):
        if what == "pool":
            pools[key] = total
        else:
            amounts[currency] = total
            count += key
    return count, pools, amounts


def _noted(made: CTE, at: datetime) -> CTE:
    row = {"transfer_id": made.c.id, "status": str(MirrorStatus.WAITING), "attempts": 0, "next_try_at": at}
    noted: CTE = _table(MirrorEntry).insert().from_select(list(row), select(*labelled(MirrorEntry, row))).cte("noted")
    return noted


def _table(model: Any) -> Any:
    return model.__table__
