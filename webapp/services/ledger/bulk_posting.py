"""Transfers whose amounts were computed here and not by the database: written many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, select, values
from sqlalchemy.orm import Session

from webapp.domain.states import TransferKind
from webapp.models import Transfer
from webapp.models.base import BigInt
from webapp.services.ledger import posting
from webapp.services.ledger.posting import Posted
from webapp.sql import labelled

MOST = 1_000
"""Transfers per statement: their binds stay below what either database takes."""


@dataclass(frozen=True, slots=True)
class BulkTransfer:
    """An amount from one account to another, in minor units, under its own reference."""

    reference: str
    currency: str
    source: int
    target: int
    amount: int


def post_rows(
    session: Session, moves: Sequence[BulkTransfer], *, kind: TransferKind, at: datetime, run_id: int | None = None
) -> Posted:
    """Write the movements, at most MOST of them, as balanced transfers."""
    if not moves:
        return Posted(0, {})
    types: Any = Transfer.__table__.c
    names = ("key", "reference", "currency", "source", "target", "amount")
    kinds = (BigInt, types.reference.type, types.currency.type, BigInt, BigInt, BigInt)
    shape = values(*[column(name, kind_of) for name, kind_of in zip(names, kinds, strict=True)], name="given")
    data = [(n, m.reference, m.currency, m.source, m.target, m.amount) for n, m in enumerate(moves)]
    rows = shape.data(data).cte("moves").c  # SQLite names the columns of VALUES only in a WITH
    heads = {
        "reference": rows.reference,
        "kind": str(kind),
        "currency": rows.currency,
        "amount": rows.amount,
        "escrow_id": None,
        "hold_no": None,
        "is_disbursement": False,
        "reverses_id": None,
        "run_id": run_id,
        "at": at,
    }
    transfers = select(rows.key, *labelled(Transfer, heads))
    given = select(rows.key, rows.source.label("account_id"), rows.currency, (-rows.amount).label("amount"))
    sides = given.union_all(select(rows.key, rows.target, rows.currency, rows.amount)).subquery()
    legs = select(*(sides.c[name] for name in posting.LEG_COLUMNS))
    touched = [account for move in moves for account in (move.source, move.target)]
    return posting.post_all(session, transfers, legs, accounts=touched, kind=kind, at=at)
