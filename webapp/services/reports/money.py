"""Money of a period: what moved from the daily figures of the ledger, fees and ageing from its entries.

Whatever an escrow is today is not asked: a report of last year says the same whenever it is made.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select, union
from sqlalchemy.orm import Session

from webapp.domain.reports.periods import ReportPeriod
from webapp.domain.states import AccountKind, EscrowStatus
from webapp.models import Account, DailyFigure, Entry, Escrow, Transfer
from webapp.models.base import BigInt
from webapp.services.escrows.figures import AGES
from webapp.services.reports.figures import AgeFigures, CurrencyFigures, HeldDayFigures, MovedMoney

_MOVED = ("held", "released", "refunded")
_HELD_IN = (AccountKind.ESCROW, AccountKind.PENDING)


def by_currency(session: Session, period: ReportPeriod) -> list[CurrencyFigures]:
    """Every currency that was held or moved, by its code."""
    fees, fees_before = _fees(session, period), _fees(session, period.before)
    found = []
    for row in session.execute(_sums(period)):
        moved = MovedMoney(**{name: getattr(row, name) for name in _MOVED}, fees=fees.get(row.currency, 0))
        earlier = {name: getattr(row, f"{name}_before") for name in _MOVED}
        before = MovedMoney(**earlier, fees=fees_before.get(row.currency, 0))
        at_end = row.at_start + moved.held - moved.released - moved.refunded
        figures = CurrencyFigures(
            currency=row.currency, held_at_start=row.at_start, held_at_end=at_end, moved=moved, before=before
        )
        if row.at_start or at_end or moved != MovedMoney() or before != MovedMoney():
            found.append(figures)
    return found


def by_day(session: Session, period: ReportPeriod, currencies: list[CurrencyFigures]) -> list[HeldDayFigures]:
    """Every day of the period in each of these currencies, also those on which nothing moved."""
    query = select(DailyFigure).where(DailyFigure.day >= period.first, DailyFigure.day < period.end)
    rows = {(row.currency, row.day): row for row in session.scalars(query)}
    found = []
    for each in currencies:
        held = each.held_at_start
        for day in [period.first + timedelta(days=number) for number in range(period.days)]:
            row = rows.get((each.currency, day))
            moved = {name: getattr(row, name) if row else 0 for name in _MOVED}
            held += moved["held"] - moved["released"] - moved["refunded"]
            found.append(HeldDayFigures(day=day, currency=each.currency, held_at_end=held, **moved))
    return found


def ageing(session: Session, at: datetime) -> list[AgeFigures]:
    """What was held at an instant, by how long it had been, as the entries before that instant say.

    Looked at are the escrows that are held now and those with a transfer since: any other held nothing then.
    """
    held = _held_at(at)
    bounds = [(held.c.since > at - timedelta(days=days), literal(number)) for number, days in enumerate(AGES)]
    group = case(*bounds, else_=len(AGES)).label("age")
    # Grouped outside: PostgreSQL does not see that two cases with bound values are the same.
    aged = select(held.c.currency, held.c.amount, group).subquery()
    rows = select(aged.c.currency, aged.c.age, func.count(), _sum(aged.c.amount))
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * (len(AGES) + 1))
    amounts: dict[str, list[int]] = defaultdict(lambda: [0] * (len(AGES) + 1))
    for currency, age, count, amount in session.execute(rows.group_by(aged.c.currency, aged.c.age)):
        counts[currency][age], amounts[currency][age] = count, amount
    return [AgeFigures(currency=name, counts=counts[name], amounts=amounts[name]) for name in sorted(counts)]


def _sums(period: ReportPeriod) -> Any:
    inside = (DailyFigure.day >= period.first) & (DailyFigure.day < period.end)
    before = (DailyFigure.day >= period.before.first) & (DailyFigure.day < period.before.end)
    net = DailyFigure.held - DailyFigure.released - DailyFigure.refunded
    columns = [_sum(case((DailyFigure.day < period.first, net), else_=0)).label("at_start")]
    for name in _MOVED:
        columns.append(_sum(case((inside, getattr(DailyFigure, name)), else_=0)).label(name))
        columns.append(_sum(case((before, getattr(DailyFigure, name)), else_=0)).label(f"{name}_before"))
    query = select(DailyFigure.currency, *columns).where(DailyFigure.day < period.end)
    return query.group_by(DailyFigure.currency).order_by(DailyFigure.currency)


def _fees(session: Session, period: ReportPeriod) -> dict[str, int]:
    """What came into the fees and stayed there, by currency."""
    taken = select(Entry.currency, _sum(Entry.amount)).join(Transfer, Transfer.id == Entry.transfer_id)
    taken = taken.join(Account, Account.id == Entry.account_id).where(Account.kind == AccountKind.FEES)
    inside = (Transfer.at >= period.begins, Transfer.at < period.ends)
    return dict(session.execute(taken.where(*inside).group_by(Entry.currency)).all())


def _held_at(at: datetime) -> Any:
    """Escrows with what each held then, and since when: since its balance last rose from nothing."""
    touched = select(Transfer.escrow_id.label("id")).where(Transfer.at >= at, Transfer.escrow_id.is_not(None))
    asked = union(select(Escrow.id.label("id")).where(Escrow.status == EscrowStatus.HELD), touched).subquery()
    change = _sum(Entry.amount).label("change")
    moves = (
        select(Transfer.escrow_id, Transfer.id, Transfer.at, Entry.currency, change)
        .join(asked, asked.c.id == Transfer.escrow_id)
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .where(Transfer.at < at, Account.kind.in_(_HELD_IN))
        .group_by(Transfer.escrow_id, Transfer.id, Transfer.at, Entry.currency)
        .subquery()
    )
    balance = func.sum(moves.c.change).over(partition_by=moves.c.escrow_id, order_by=(moves.c.at, moves.c.id))
    running = select(moves, (balance - moves.c.change).label("earlier")).subquery()
    rose = case((running.c.earlier == 0, running.c.at))
    amount = _sum(running.c.change).label("amount")
    held = select(running.c.escrow_id, running.c.currency, amount, func.max(rose).label("since"))
    return held.group_by(running.c.escrow_id, running.c.currency).having(func.sum(running.c.change) > 0).subquery()


def _sum(column: Any) -> ColumnElement[int]:
    return func.sum(column).cast(BigInt)
