"""The statement of an account: its entries with the balance after each, newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import Account, Entry, Transfer
from webapp.models.base import BigInt
from webapp.services.common import lookup


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One entry. Amounts in minor units of the account's currency."""

    entry_id: int
    transfer_id: int
    reference: str
    kind: str
    escrow_id: int | None
    amount: int
    balance_after: int
    at: datetime


def statement(session: Session, account_id: int, *, before: int | None = None, limit: int = 50) -> list[StatementEntry]:
    """The newest entries, or those before one (its `entry_id`)."""
    account = lookup.by_id(session, Account, account_id, "account")
    balance = account.balance if before is None else _balance_before(session, account, before)
    query = (
        select(
            Entry.id,
            Entry.transfer_id,
            Entry.amount,
            Transfer.reference,
            Transfer.kind,
            Transfer.at,
            Transfer.escrow_id,
        )
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Entry.account_id == account_id)
        .order_by(Entry.id.desc())
        .limit(limit)
    )
    lines = []
    for row in session.execute(query if before is None else query.where(Entry.id < before)):
        found = (row.id, row.transfer_id, row.reference, row.kind, row.escrow_id, row.amount)
        lines.append(StatementEntry(*found, balance_after=balance, at=row.at))
        balance -= row.amount
    return lines


def _balance_before(session: Session, account: Account, entry_id: int) -> int:
    """The balance right before an entry: today's less what came since, which is short for a reader who pages down."""
    since = select(func.coalesce(func.sum(Entry.amount), 0).cast(BigInt)).where(
        Entry.account_id == account.id, Entry.id >= entry_id
    )
    return account.balance - session.scalars(since).one()
