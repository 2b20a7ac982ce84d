"""Sums over escrows that never read more than a bounded number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import Session

from webapp.domain.states import EscrowStatus
from webapp.models import Escrow
from webapp.models.base import BigInt

TOTALLED = 5_000
CHARTED = 200_000
AGES = (1, 3, 7, 14, 30, 90)
"""The bounds of the ages in days; the last group is older than all of them."""


@dataclass(frozen=True, slots=True)
class EscrowTotals:
    """Counts and amounts in minor units per currency; `bounded` when there is more than was added up."""

    amounts: list[tuple[str, int, int]]
    """(currency, count, amount)"""
    bounded: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """Amounts in minor units by currency, one for each group."""

    groups: Sequence[str]
    amounts: dict[str, list[int]]
    bounded: bool


def totals(session: Session, query: Select[Any], most: int = TOTALLED) -> EscrowTotals:
    """What a query over escrows adds up to."""
    some = query.with_only_columns(Escrow.currency, Escrow.amount).order_by(None).limit(most + 1).subquery()
    rows = session.execute(
        select(some.c.currency, func.count(), _sum(some.c.amount)).group_by(some.c.currency).order_by(some.c.currency)
    ).all()
    found = [(currency, count, amount) for currency, count, amount in rows]
    return EscrowTotals(found, sum(count for _, count, _ in found) > most)


def held_by_age(session: Session, at: datetime) -> Bars:
    """What is held, by how long ago it was."""
    bounds = [(Escrow.held_at > at - timedelta(days=days), number) for number, days in enumerate(AGES)]
    group = case(*[(clause, literal(number)) for clause, number in bounds], else_=len(AGES))
    held = select(Escrow.currency, Escrow.amount, group.label("group_")).where(Escrow.status == EscrowStatus.HELD)
    return _bars(session, held, [str(number) for number in range(len(AGES) + 1)])


def due_per_day(session: Session, at: datetime, days: int = 14) -> Bars:
    """What becomes due on each of the next UTC days; what is due already counts for the first."""
    first = at.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [first + timedelta(days=number + 1) for number in range(days)]
    group = case(*[(Escrow.release_at < end, literal(number)) for number, end in enumerate(ends)], else_=days)
    due = select(Escrow.currency, Escrow.amount, group.label("group_")).where(
        Escrow.status == EscrowStatus.HELD,
        Escrow.freezes == 0,
        Escrow.policy == "deadline",
        Escrow.release_at < ends[-1],
    )
    found = _bars(session, due, [str(number) for number in range(days)])
    return Bars([f"{first + timedelta(days=number):%d %b}" for number in range(days)], found.amounts, found.bounded)


def _bars(session: Session, query: Select[Any], groups: list[str]) -> Bars:
    some = query.limit(CHARTED + 1).subquery()
    rows = session.execute(
        select(some.c.currency, some.c.group_, func.count(), _sum(some.c.amount)).group_by(
            some.c.currency, some.c.group_
        )
    ).all()
    amounts: dict[str, list[int]] = {}
    for currency, group, _count, amount in sorted(rows):
        amounts.setdefault(currency, [0] * len(groups))[group] = amount
    return Bars(groups, amounts, sum(row[2] for row in rows) > CHARTED)


def _sum(column: Any) -> Any:
    return func.sum(column).cast(BigInt)
