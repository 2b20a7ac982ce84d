"""The few sums that the first page leads with, per currency, none of which reads all escrows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import EscrowStatus, Policy
from webapp.models import DailyFigure, Escrow
from webapp.models.base import BigInt
from webapp.services.escrow_figures import Totals, totals

ADDED_UP = 20_000
"""Escrows that a tile adds up at most; then it says "at least"."""
DAYS = 30


@dataclass(frozen=True, slots=True)
class Tiles:
    """What is held, what leaves within a day, what is frozen and what is blocked."""

    held: list[tuple[str, int]]
    """(currency, minor units), the largest count of money first by currency."""
    leaving: Totals
    frozen: Totals
    blocked: Totals


@dataclass(frozen=True, slots=True)
class Flow:
    """One currency by UTC day: what was held at its end, and what was released and refunded on it, in minor units."""

    days: Sequence[date]
    held: list[int]
    released: list[int]
    refunded: list[int]


def tiles(session: Session, at: datetime) -> Tiles:
    """The tiles, each from an index of what it counts."""
    held = (Escrow.status == EscrowStatus.HELD,)
    soon = Escrow.release_at < at + timedelta(days=1)
    free = (*held, Escrow.freezes == 0)
    return Tiles(
        held_now(session),
        _added(session, *free, Escrow.policy == Policy.DEADLINE, soon),
        _added(session, *held, Escrow.freezes > 0),
        _added(session, Escrow.blocked.is_not(None)),
    )


def held_now(session: Session) -> list[tuple[str, int]]:
    """What is held, by currency: everything that ever came minus everything that left."""
    query = select(DailyFigure.currency, _net()).group_by(DailyFigure.currency).order_by(DailyFigure.currency)
    return [(currency, amount) for currency, amount in session.execute(query) if amount]


def flow(session: Session, currency: str, today: date) -> Flow:
    """The last days of a currency."""
    first = today - timedelta(days=DAYS - 1)
    mine = DailyFigure.currency == currency
    held: int = session.scalar(select(_net()).where(mine, DailyFigure.day < first)) or 0
    rows = {row.day: row for row in session.scalars(select(DailyFigure).where(mine, DailyFigure.day >= first))}
    days = [first + timedelta(days=number) for number in range(DAYS)]
    found = Flow(days, [], [], [])
    for day in days:
        row = rows.get(day)
        held += row.held - row.released - row.refunded if row else 0
        found.held.append(held)
        found.released.append(row.released if row else 0)
        found.refunded.append(row.refunded if row else 0)
    return found


def _net() -> Any:
    return func.sum(DailyFigure.held - DailyFigure.released - DailyFigure.refunded).cast(BigInt)


def _added(session: Session, *conditions: Any) -> Totals:
    return totals(session, select(Escrow.id).where(*conditions), ADDED_UP)
