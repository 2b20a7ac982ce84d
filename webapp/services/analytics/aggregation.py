"""A day's figures: one pass over the day's rows for all tenants, which replaces what was there, in one transaction.

Figures of a day may be written before it is over everywhere; it is closed when all of them are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.analytics.currencies import NO_CURRENCY
from webapp.domain.analytics.days import days_from
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import AnalyticsDay, AnalyticsTotal, Customer, Order, OrderLine, Tenant, TenantDailyFigure
from webapp.models.base import BigInt
from webapp.services.analytics import spans
from webapp.services.analytics.spans import Hours, within
from webapp.services.audit import trail
from webapp.services.common.batch_result import Outcome
from webapp.services.storefront import late_rows
from webapp.settings import Settings
from webapp.sql import Rows, insert_new

LONGEST_GAP = 800
"""Days back from the last one among which those that are not closed are looked for."""
FIGURES = ("orders", "revenue", "new_customers", "products_sold")


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What one day comes to in one currency, over all tenants; revenue in minor units."""

    currency: str
    orders: int
    revenue: int
    new_customers: int
    products_sold: int
    tenants: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Closed days that are counted again."""

    late: list[date]
    """Of these something came, changed or went after they were closed."""
    by_other_days: int
    """These are still counted as ANALYTICS_DAY said before."""
    too_old: int
    """These as well, and no run counts them again by itself."""


def due_days(session: Session, settings: Settings, at: datetime) -> list[date]:
    """The days that a run at this instant takes, the newest first: yesterday, each day before that is not closed, or
    was counted as ANALYTICS_DAY said before, and those of which something came late.

    Where days are the tenants' own, there is more than one yesterday.
    """
    latest = spans.last_days(session, settings, at)
    first = _first_day(session)
    if first is None:
        return latest
    begins = max(first, _first_searched(latest))
    closed = select(AnalyticsDay.day).where(AnalyticsDay.day >= begins, _is_counted_by(settings))
    missing = set(days_from(begins, latest[0])) - set(session.scalars(closed))
    late = {day for day in late_rows.days(session) if day <= latest[0]}
    return sorted(missing | late | set(latest), reverse=True)


def waiting(session: Session, settings: Settings, first: date, last: date, at: datetime) -> Waiting:
    """The days of a period that are closed and whose figures are not as they would be made now."""
    closed = AnalyticsDay.day.between(first, last)
    other = list(session.scalars(select(AnalyticsDay.day).where(closed, ~_is_counted_by(settings))))
    late = select(AnalyticsDay.day).where(closed, AnalyticsDay.day.in_(late_rows.days(session)))
    begins = _first_searched(spans.last_days(session, settings, at))
    again = sum(day >= begins for day in other)
    return Waiting(sorted(session.scalars(late)), again, len(other) - again)


def _first_searched(latest: Sequence[date]) -> date:
    """The first of the days among which a run looks, when these are the last ones."""
    return date.fromordinal(latest[0].toordinal() - LONGEST_GAP)


def _is_counted_by(settings: Settings) -> ColumnElement[bool]:
    return AnalyticsDay.counted_by == settings.analytics_day


def aggregate(
    session: Session, day: date, *, at: datetime, settings: Settings, actor: Actor, run_id: int | None = None
) -> Outcome:
    """Replace a day's figures, and close the day when it is over in every zone. Raises Conflict when it is in none."""
    everywhere = spans.hours_of(session, settings, day)
    hours = [each for each in everywhere if each.ends <= at]
    if not hours:
        raise Conflict(phrase("%(day)s is not over yet.", day=day))
    # First of all, by its row: of two that make the same day the second waits here, and then replaces what is there.
    _take(session, day, at, settings, run_id)
    late_rows.take(session, day)
    session.execute(delete(TenantDailyFigure).where(TenantDailyFigure.day == day))
    session.execute(delete(AnalyticsTotal).where(AnalyticsTotal.day == day))
    made = _day_figures(hours).subquery()
    columns = ["day", "tenant_id", "currency", *FIGURES]
    session.execute(
        insert(TenantDailyFigure).from_select(columns, select(literal(day, TenantDailyFigure.day.type), made))
    )
    session.execute(insert(AnalyticsTotal).from_select(["day", "currency", *FIGURES, "tenants"], _totals_of(day)))
    found = totals(session, day)
    tenants = _count_tenants(session, day)
    _close(session, day, tenants, is_whole=len(hours) == len(everywhere))
    after = {"day": day.isoformat(), "tenants": tenants, "orders": sum(each.orders for each in found)}
    trail.record(session, actor, "analytics.aggregate", ("run", run_id or 0), at=at, after=after, run_id=run_id)
    return Outcome("tenant", done=tenants)


def preview(session: Session, day: date, *, at: datetime, settings: Settings) -> tuple[Outcome, list[DayTotal]]:
    """What `aggregate` would write, nothing written."""
    hours = [each for each in spans.hours_of(session, settings, day) if each.ends <= at]
    if not hours:
        return Outcome("tenant"), []
    made = _day_figures(hours).cte()
    tenants = session.scalar(select(func.count(made.c.tenant_id.distinct()))) or 0
    summed = [func.sum(made.c[name]).cast(BigInt) for name in FIGURES]
    rows = session.execute(select(made.c.currency, *summed, func.count()).group_by(made.c.currency))
    return Outcome("tenant", done=tenants), sorted((DayTotal(*row) for row in rows), key=lambda each: each.currency)


def totals(session: Session, day: date) -> list[DayTotal]:
    """What a day comes to, by currency."""
    row = AnalyticsTotal
    found = select(row.currency, row.orders, row.revenue, row.new_customers, row.products_sold, row.tenants)
    return [DayTotal(*each) for each in session.execute(found.where(row.day == day).order_by(row.currency))]


def _first_day(session: Session) -> date | None:
    """The day of the first order or customer of a tenant, in UTC, each from an index."""
    first = [
        session.scalar(select(func.min(Order.created_at)).where(Order.tenant.is_not(None))),
        session.scalar(select(func.min(Customer.created_at))),
    ]
    known = [instant.date() for instant in first if instant is not None]
    return min(known, default=None)


def _take(session: Session, day: date, at: datetime, settings: Settings, run_id: int | None) -> None:
    values = {"closed_at": at, "run_id": run_id, "counted_by": settings.analytics_day}
    row = insert_new(session, AnalyticsDay).values(day=day, tenants=0, **values)
    now = {name: row.excluded[name] for name in values}
    session.execute(row.on_conflict_do_update(index_elements=["day"], set_=now))


def _close(session: Session, day: date, tenants: int, *, is_whole: bool) -> None:
    row: Any = AnalyticsDay.__table__
    session.execute(
        update(row).where(row.c.day == day).values(tenants=tenants) if is_whole else delete(row).where(row.c.day == day)
    )


def _day_figures(hours: Sequence[Hours]) -> Rows:
    """The pass: a row for each tenant and currency of which the day has anything. Customers have no currency."""
    parts = union_all(_orders(hours), _revenue(hours), _products(hours), _customers(hours)).subquery()
    summed = [func.sum(parts.c[name]).cast(BigInt).label(name) for name in FIGURES]
    return select(parts.c.tenant_id, parts.c.currency, *summed).group_by(parts.c.tenant_id, parts.c.currency)


def _orders(hours: Sequence[Hours]) -> Rows:
    """Orders that were made on the day, paid or not."""
    return _summed(Order.currency, within(Order.created_at, hours), orders=func.count())


def _revenue(hours: Sequence[Hours]) -> Rows:
    """What was paid on the day, of whatever day the order is. What goes back later is told where it is refunded."""
    return _summed(Order.currency, within(Order.paid_at, hours), revenue=func.sum(Order.amount))


def _summed(currency: Any, *where: Any, **figures: Any) -> Rows:
    return (
        select(Tenant.id.label("tenant_id"), currency.label("currency"), *_columns(figures))
        .select_from(Order)
        .join(Tenant, Tenant.ref == Order.tenant)
        .where(Order.tenant.is_not(None), *where)
        .group_by(Tenant.id, currency)
    )


def _products(hours: Sequence[Hours]) -> Rows:
    """Pieces on the lines of the orders that were paid on the day."""
    return (
        select(OrderLine.tenant_id, Order.currency, *_columns({"products_sold": func.sum(OrderLine.quantity)}))
        .select_from(Order)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Tenant, Tenant.id == OrderLine.tenant_id)
        .where(Order.tenant.is_not(None), within(Order.paid_at, hours))
        .group_by(OrderLine.tenant_id, Order.currency)
    )


def _customers(hours: Sequence[Hours]) -> Rows:
    return (
        select(Customer.tenant_id, literal(NO_CURRENCY).label("currency"), *_columns({"new_customers": func.count()}))
        .join(Tenant, Tenant.id == Customer.tenant_id)
        .where(within(Customer.created_at, hours))
        .group_by(Customer.tenant_id)
    )


def _columns(figures: dict[str, Any]) -> list[Any]:
    return [figures.get(name, literal(0)).cast(BigInt).label(name) for name in FIGURES]


def _totals_of(day: date) -> Rows:
    row = TenantDailyFigure
    summed = [func.sum(getattr(row, name)).cast(BigInt) for name in FIGURES]
    return (
        select(literal(day, row.day.type), row.currency, *summed, func.count())
        .where(row.day == day)
        .group_by(row.currency)
    )


def _count_tenants(session: Session, day: date) -> int:
    found = select(func.count(TenantDailyFigure.tenant_id.distinct())).where(TenantDailyFigure.day == day)
    return session.scalar(found) or 0
