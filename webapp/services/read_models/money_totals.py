"""The few sums that the first page leads with, per currency, none of which reads all escrows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.escrow_policies import JOBS
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import EscrowStatus, Policy
from webapp.models import DailyFigure, Escrow, Schedule
from webapp.models.base import BigInt
from webapp.services.escrows.figures import EscrowTotals

ADDED_UP = 20_000
"""Escrows that a tile adds up at most; then it says "at least"."""
DAYS = 30


@dataclass(frozen=True, slots=True)
class MoneySummary:
    """What is held, what leaves within a day, what is frozen and what is blocked."""

    held: list[tuple[str, int]]
    """(currency, minor units), the largest count of money first by currency."""
    leaving_soon: EscrowTotals
    frozen: EscrowTotals
    blocked: EscrowTotals


@dataclass(frozen=True, slots=True)
class Flow:
    """One currency by UTC day: what was held at its end, and what was released and refunded on it, in minor units."""

    days: Sequence[date]
    held: list[int]
    released: list[int]
    refunded: list[int]


def summary(session: Session, at: datetime) -> MoneySummary:
    """The tiles, each from an index of what it counts."""
    held = (Escrow.status == EscrowStatus.HELD,)
    free = (*held, Escrow.freezes == 0, Escrow.blocked.is_(None))
    kinds = {
        "leaving_soon": (*free, *_leaving(session, at)),
        "frozen": (*held, Escrow.freezes > 0),
        "blocked": (Escrow.blocked.is_not(None),),
    }
    return MoneySummary(held_now(session), **_added(session, kinds))


def _leaving(session: Session, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """What the runs of a day pay: due by the last run of its job in that time, of a job that is not paused."""
    ends = at + timedelta(days=1)
    due = []
    jobs = select(Schedule).where(Schedule.job.in_(JOBS.values()), Schedule.paused_at.is_(None))
    for schedule in session.scalars(jobs):
        last = Recurrence(schedule.cron, schedule.zone).previous(ends)
        if last is not None and last > at:
            due += [and_(Escrow.policy == policy, Escrow.release_at <= last) for policy in _policies_of(schedule.job)]
    return Escrow.policy.in_(list(Policy)), Escrow.release_at < ends, or_(false(), *due)


def _policies_of(job: str) -> list[str]:
    return [policy for policy, its_job in JOBS.items() if its_job == job]


def held_now(session: Session) -> list[tuple[str, int]]:
    """What is held, by currency: everything that ever came minus everything that left."""
    query = select(DailyFigure.currency, _net()).group_by(DailyFigure.currency).order_by(DailyFigure.currency)
    return [(currency, amount) for currency, amount in session.execute(query) if amount]


def flow(session: Session, currency: str, held_now: int, today: date) -> Flow:
    """The last days of a currency, back from what is held now."""
    first = today - timedelta(days=DAYS - 1)
    lately = select(DailyFigure).where(DailyFigure.currency == currency, DailyFigure.day >= first)
    rows = {row.day: row for row in session.scalars(lately)}
    held = held_now - sum(row.held - row.released - row.refunded for row in rows.values())
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


def _added(session: Session, kinds: dict[str, tuple[Any, ...]]) -> dict[str, EscrowTotals]:
    """The totals of each kind of escrow, in one statement."""
    parts = [_part(kind, conditions) for kind, conditions in kinds.items()]
    found: dict[str, list[tuple[str, int, int]]] = {kind: [] for kind in kinds}
    for kind, currency, count, amount in session.execute(union_all(*parts)):
        found[kind].append((currency, count, amount))
    return {
        kind: EscrowTotals(sorted(amounts), sum(count for _, count, _ in amounts) > ADDED_UP)
        for kind, amounts in found.items()
    }


def _part(kind: str, conditions: tuple[Any, ...]) -> Any:
    some = select(Escrow.currency, Escrow.amount).where(*conditions).limit(ADDED_UP + 1).subquery()
    amount = func.sum(some.c.amount).cast(BigInt)
    return select(literal(kind).label("kind"), some.c.currency, func.count(), amount).group_by(some.c.currency)
