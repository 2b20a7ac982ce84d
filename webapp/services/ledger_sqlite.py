"""Writing transfers on SQLite: entries first, because the transfer's own trigger checks that they sum to zero."""

from typing import Any

from sqlalchemy import Select, func, insert, literal, select, update
from sqlalchemy.orm import Session

from webapp.models import Account, Entry, Transfer


def write(session: Session, transfers: Select[Any], legs: Select[Any]) -> tuple[int, dict[int, int], dict[str, int]]:
    """Insert entries and transfers and move the parties' accounts.

    Returns how many transfers there are, the pools' changes by account id, and the amounts by currency.
    """
    last = session.scalars(select(func.coalesce(func.max(Transfer.id), 0))).one()
    heads = transfers.subquery()
    number = literal(last) + func.row_number().over(order_by=heads.c.reference)
    numbered = select(number.label("id"), heads.c.reference).subquery()
    sides = legs.subquery()
    rows = select(numbered.c.id, sides.c.account_id, sides.c.currency, sides.c.amount)
    rows = rows.join_from(sides, numbered, numbered.c.reference == sides.c.reference)
    session.execute(insert(Entry).from_select(["transfer_id", "account_id", "currency", "amount"], rows))
    session.execute(insert(Transfer).from_select(["id", *heads.c.keys()], select(number, *heads.c)))
    return _totals(session, last)


def _totals(session: Session, last: int) -> tuple[int, dict[int, int], dict[str, int]]:
    sums = select(Entry.account_id, func.sum(Entry.amount).label("delta")).where(Entry.transfer_id > last)
    moved = sums.group_by(Entry.account_id).subquery()
    session.execute(
        update(Account)
        .values(balance=Account.balance + moved.c.delta)
        .where(Account.id == moved.c.account_id, Account.party_id.is_not(None))
        .execution_options(synchronize_session=False)
    )
    pools = select(moved.c.account_id, moved.c.delta).join(Account, Account.id == moved.c.account_id).where(Account.party_id.is_(None))
    made = select(Transfer.currency, func.count(), func.sum(Transfer.amount)).where(Transfer.id > last).group_by(Transfer.currency)
    amounts = session.execute(made).all()
    return sum(row[1] for row in amounts), {row[0]: row[1] for row in session.execute(pools)}, {row[0]: row[2] for row in amounts}
