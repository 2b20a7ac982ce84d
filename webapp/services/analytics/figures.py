"""Reading figures: a period day by day, for one tenant or for all, and who sold most in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.analytics.currencies import NO_CURRENCY
from webapp.domain.analytics.periods import Period
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import AnalyticsDay, AnalyticsTotal, Tenant, TenantDailyFigure
from webapp.models.base import BigInt


@dataclass(frozen=True, slots=True)
class Sales:
    """What was sold in one currency; revenue in minor units."""

    orders: int = 0
    revenue: int = 0
    products_sold: int = 0

    def __add__(self, more: "Sales") -> "Sales":
        return Sales(self.orders + more.orders, self.revenue + more.revenue, self.products_sold + more.products_sold)


NOTHING = Sales()


@dataclass(slots=True)
class DayFigures:
    """One day. Until it `is_closed`, what is there is not all of it."""

    day: date
    is_closed: bool = False
    new_customers: int = 0
    sales: dict[str, Sales] = field(default_factory=dict)
    """By currency; amounts of two are never added."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A tenant, and what it sold in a period."""

    tenant_id: int
    ref: str
    name: str
    sales: Sales


def tenant_of(session: Session, ref: str) -> Tenant:
    """The tenant of this reference. Raises NotFound."""
    found = session.scalars(select(Tenant).where(Tenant.ref == ref)).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no tenant %(ref)s.", ref=f"{ref!r}"))
    return found


def daily(session: Session, period: Period, tenant_id: int | None = None) -> list[DayFigures]:
    """Every day of a period in order, of one tenant, or of all together when none is named."""
    row: Any = AnalyticsTotal if tenant_id is None else TenantDailyFigure
    found = select(row.day, row.currency, row.orders, row.revenue, row.products_sold, row.new_customers)
    found = found.where(row.day.between(period.first, period.last))
    if tenant_id is not None:
        found = found.where(row.tenant_id == tenant_id)
    closed = select(AnalyticsDay.day).where(AnalyticsDay.day.between(period.first, period.last))
    closed_days = set(session.scalars(closed))
    days = {day: DayFigures(day, day in closed_days) for day in period.days()}
    for day, currency, orders, revenue, products_sold, new_customers in session.execute(found):
        days[day].new_customers += new_customers
        if currency != NO_CURRENCY:
            days[day].sales[currency] = Sales(orders, revenue, products_sold)
    return list(days.values())


def summed(days: Sequence[DayFigures]) -> dict[str, Sales]:
    """What the days come to, by currency."""
    sums: dict[str, Sales] = defaultdict(Sales)
    for each in days:
        for currency, sales in each.sales.items():
            sums[currency] += sales
    return dict(sorted(sums.items()))


def last_closed(session: Session) -> date | None:
    """The newest day that is closed."""
    return session.scalar(select(func.max(AnalyticsDay.day)))


def sellers_in(session: Session, period: Period, currency: str) -> int:
    """How many figures of tenants `best_sellers` would read: as many as they are on each of its days together."""
    row = AnalyticsTotal
    found = select(func.sum(row.tenants)).where(row.day.between(period.first, period.last), row.currency == currency)
    return int(session.scalar(found) or 0)


def best_sellers(session: Session, period: Period, currency: str, limit: int) -> list[Seller]:
    """The tenants with the most revenue in a currency, the best first."""
    row = TenantDailyFigure
    figures = (row.orders, row.revenue, row.products_sold)
    summed = [func.sum(figure).cast(BigInt).label(figure.key) for figure in figures]
    sales = (
        select(row.tenant_id, *summed)
        .where(row.day.between(period.first, period.last), row.currency == currency)
        .group_by(row.tenant_id)
        .order_by(func.sum(row.revenue).desc(), row.tenant_id)
        .limit(limit)
        .subquery()
    )
    found = (
        select(Tenant.id, Tenant.ref, Tenant.name, sales.c.orders, sales.c.revenue, sales.c.products_sold)
        .join(sales, sales.c.tenant_id == Tenant.id)
        .order_by(sales.c.revenue.desc(), Tenant.id)
    )
    return [Seller(tenant_id, ref, name, Sales(*its)) for tenant_id, ref, name, *its in session.execute(found)]
