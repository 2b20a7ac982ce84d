"""The ledger: balanced transfers, written in sets. Party accounts move at once, pool accounts once per transaction."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.states import TransferKind
from webapp.models import Account, Transfer
from webapp.models.base import BigInt
from webapp.services.ledger import posting_postgresql, posting_sqlite
from webapp.services.ledger.daily_totals import note_figures
from webapp.services.ledger.moves import MOVE
from webapp.services.ledger.written import Written
from webapp.sql import Rows, is_sqlite, one_of

TRANSFER_COLUMNS = (
    "key",
    "reference",
    "kind",
    "currency",
    "amount",
    "escrow_id",
    "hold_no",
    "is_disbursement",
    "reverses_id",
    "run_id",
    "at",
)
MIRRORED = "mirrored"
"""In a session's info: each transfer is also to be sent to the external ledger."""
_NOTED = "noted_transfers"
"""In a session's info, for as long as somebody asks: the ids of the transfers that it posts."""
LEG_COLUMNS = ("key", "account_id", "currency", "amount")
_GIVEN = "given_"
"""Before the names of parameters, which are no columns of what is inserted."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting made: how many transfers, and their amounts per currency in minor units."""

    count: int
    amounts: dict[str, int]


def post_all(
    session: Session,
    transfers: Rows,
    legs: Rows,
    *,
    accounts: Sequence[int],
    kind: TransferKind,
    at: datetime,
) -> Posted:
    """Write many balanced transfers in a few statements.

    `transfers` selects TRANSFER_COLUMNS, `legs` selects LEG_COLUMNS; `key` is a number that joins the two within this
    posting, and no leg is zero.
    `accounts` names the accounts of parties that are touched (others may be among them): they are locked in the order
    of their ids before entries exist, or the foreign key's own lock deadlocks with another's. The database refuses
    what does not sum to zero, and what takes an account past its floor.
    """
    mirrored_at = at if session.info.get(MIRRORED) else None
    if is_sqlite(session):
        prepared: Any = posting_sqlite.statements(transfers, legs)
    else:
        prepared = posting_postgresql.statement(transfers, legs, mirrored_at)
    written = _write(session, prepared, {}, accounts, kind, at)
    return Posted(written.count, written.amounts)


def _write(
    session: Session, prepared: Any, asked: dict[str, Any], accounts: Sequence[int], kind: TransferKind, at: datetime
) -> Written:
    lock_party_accounts(session, accounts)
    if is_sqlite(session):
        mirrored_at = at if session.info.get(MIRRORED) else None
        written = posting_sqlite.write(session, prepared, asked, mirrored_at=mirrored_at)
    else:
        written = posting_postgresql.write(session, prepared, asked)
    # Pools are hot: every posting in a currency moves the same rows. They are moved last, once per transaction
    # (`settle_pools`), so that nobody waits for their locks longer than a commit takes.
    waiting: dict[int, int] = session.info.setdefault("pools", {})
    for account_id, delta in written.pools.items():
        waiting[account_id] = waiting.get(account_id, 0) + delta
    note_figures(session, kind, written.amounts, at)
    _note(session, written)
    return written


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
    is_disbursement: bool = False,
    reverses_id: int | None = None,
    run_id: int | None = None,
) -> int:
    """Write one balanced transfer of `(account id, amount)` legs; returns its id. Legs of zero are left out."""
    sides = [(account_id, amount) for account_id, amount in legs if amount]
    gross = sum(amount for _, amount in sides if amount > 0)
    of_transfer = (
        0,
        reference,
        str(kind),
        currency,
        gross,
        escrow_id,
        hold_no,
        is_disbursement,
        reverses_id,
        run_id,
        at,
    )
    asked: dict[str, Any] = {_GIVEN + name: value for name, value in zip(TRANSFER_COLUMNS, of_transfer, strict=True)}
    for number, (account_id, amount) in enumerate(sides):
        asked |= {f"account_{number}": account_id, f"amount_{number}": amount}
    prepared = _of_one(len(sides), is_sqlite(session), bool(session.info.get(MIRRORED)))
    return _write(session, prepared, asked, [account_id for account_id, _ in legs], kind, at).last


@contextmanager
def noted(session: Session) -> Iterator[list[int]]:
    """The ids of the transfers that are posted within, in order: one at a time, as a decision about one thing does."""
    found: list[int] = []
    session.info[_NOTED] = found
    try:
        yield found
    finally:
        del session.info[_NOTED]


def _note(session: Session, written: Written) -> None:
    if written.count and _NOTED in session.info:
        assert written.count == 1  # a set has no ids to note
        session.info[_NOTED].append(written.last)


@cache
def _of_one(sides: int, on_sqlite: bool, is_mirrored: bool) -> Any:
    """What writes one transfer of so many sides, by parameters: building it takes longer than carrying it out."""
    types = {column.name: column.type for column in Transfer.__table__.c} | {"key": BigInt}
    one = select(*[bindparam(_GIVEN + name, type_=types[name]).label(name) for name in TRANSFER_COLUMNS])
    if on_sqlite:
        return posting_sqlite.statements(one, _sides(sides))
    return posting_postgresql.statement(
        one, _sides(sides), bindparam(_GIVEN + "at", type_=types["at"]) if is_mirrored else None
    )


def _sides(count: int) -> Rows:
    entry = Account.__table__.c
    sides = [
        select(
            literal(0, BigInt).label("key"),
            bindparam(f"account_{number}", type_=entry.id.type).label("account_id"),
            bindparam(_GIVEN + "currency", type_=entry.currency.type).label("currency"),
            bindparam(f"amount_{number}", type_=entry.balance.type).label("amount"),
        )
        for number in range(count)
    ]
    rows = union_all(*sides).subquery()
    return select(*(rows.c[name] for name in LEG_COLUMNS))


def settle_pools(session: Session) -> None:
    """Move the pool accounts by what this transaction posted, in the order of their ids. Runs right before the seal."""
    moves = sorted(session.info.pop("pools", {}).items())
    if moves:
        session.connection().execute(MOVE, [{"account": account_id, "delta": delta} for account_id, delta in moves])


def lock_party_accounts(session: Session, accounts: Collection[int]) -> None:
    """Lock those of these accounts that are a party's, in the order of their ids: all of a posting at once."""
    if is_sqlite(session):
        return
    rows = select(Account.id).where(one_of(session, Account.id, sorted(set(accounts))), Account.party_id.is_not(None))
    session.execute(rows.order_by(Account.id).with_for_update(key_share=True))


def balances(session: Session, account_ids: Sequence[int]) -> dict[int, int]:
    """Present balances in minor units, by account id."""
    rows = session.execute(select(Account.id, Account.balance).where(one_of(session, Account.id, account_ids)))
    return dict(rows.all())
