"""The ledger: balanced transfers, written in sets. Party accounts move at once, pool accounts once per transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.states import TransferKind
from webapp.models import Account, Transfer
from webapp.services import ledger_postgresql, ledger_sqlite
from webapp.services.figures import note_figures
from webapp.sql import is_sqlite, one_of

TRANSFER_COLUMNS = (
    "reference", "kind", "currency", "amount", "escrow_id", "hold_no", "leaves", "reverses_id", "run_id", "at",
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting made: how many transfers, and their amounts per currency in minor units."""

    count: int
    amounts: dict[str, int]


def post_all(session: Session, transfers: Select[Any], legs: Select[Any], *, kind: TransferKind, at: datetime) -> Posted:
    """Write many balanced transfers in a few statements.

    `transfers` selects TRANSFER_COLUMNS; `legs` selects `reference, account_id, currency, amount` (never zero).
    A party's accounts are locked in the order of their ids before entries exist, or the foreign key's own lock
    deadlocks with another's. The database refuses what does not sum to zero, and what takes an account past its floor.
    """
    _lock_party_accounts(session, legs)
    write = ledger_sqlite.write if is_sqlite(session) else ledger_postgresql.write
    count, pools, amounts = write(session, transfers, legs)
    waiting: dict[int, int] = session.info.setdefault("pools", {})
    for account_id, delta in pools.items():
        waiting[account_id] = waiting.get(account_id, 0) + delta
    note_figures(session, kind, amounts, at)
    return Posted(count, amounts)


def post(
    session: Session,
    *,
    reference: str,
    kind: TransferKind,
    currency: str,
    legs: Sequence[tuple[int, int]],
    at: datetime,
    escrow_id: int | None = None,
    hold_no: int | None = None,
    leaves: bool = False,
    reverses_id: int | None = None,
    run_id: int | None = None,
) -> int:
    """Write one balanced transfer of `(account id, amount)` legs; returns its id. Legs of zero are left out."""
    amount = sum(amount for _, amount in legs if amount > 0)
    table = Transfer.__table__.c
    values = (reference, str(kind), currency, amount, escrow_id, hold_no, leaves, reverses_id, run_id, at)
    one = select(*[literal(value, table[name].type).label(name) for name, value in zip(TRANSFER_COLUMNS, values, strict=True)])
    post_all(session, one, _sides(reference, currency, legs), kind=kind, at=at)
    return session.scalars(select(Transfer.id).where(Transfer.reference == reference)).one()


def _sides(reference: str, currency: str, legs: Sequence[tuple[int, int]]) -> Select[Any]:
    entry = Account.__table__.c
    sides = [
        select(
            literal(reference, Transfer.__table__.c.reference.type).label("reference"),
            literal(account_id, entry.id.type).label("account_id"),
            literal(currency, entry.currency.type).label("currency"),
            literal(amount, entry.balance.type).label("amount"),
        )
        for account_id, amount in legs
        if amount
    ]
    rows = union_all(*sides).subquery()
    return select(rows.c.reference, rows.c.account_id, rows.c.currency, rows.c.amount)


def settle_pools(session: Session) -> None:
    """Move the pool accounts by what this transaction posted, in the order of their ids. Runs right before the seal."""
    for account_id, delta in sorted(session.info.pop("pools", {}).items()):
        session.execute(update(Account).where(Account.id == account_id).values(balance=Account.balance + delta))


def _lock_party_accounts(session: Session, legs: Select[Any]) -> None:
    if is_sqlite(session):
        return
    touched = legs.subquery()
    rows = select(Account.id).where(Account.id.in_(select(touched.c.account_id)), Account.party_id.is_not(None))
    session.execute(rows.order_by(Account.id).with_for_update(key_share=True))


def balances(session: Session, account_ids: Sequence[int]) -> dict[int, int]:
    """Present balances in minor units, by account id."""
    rows = session.execute(select(Account.id, Account.balance).where(one_of(session, Account.id, account_ids)))
    return {account_id: balance for account_id, balance in rows}


