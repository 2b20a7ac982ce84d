"""What the storefront reads of a tenant's day: one JSON text per tenant, under the key it has always asked for."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.analytics.currencies import NO_CURRENCY
from webapp.models import AnalyticsDay, Tenant, TenantDailyFigure

KEPT_FOR = timedelta(hours=24)
"""How long after a day was closed the storefront finds it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A key, and what is kept under it."""

    key: str
    text: str


def key_of(tenant: str, day: date) -> str:
    """Where the storefront looks for a tenant's day."""
    return f"analytics:{tenant}:overview:daily:{day.isoformat()}"


def closed_lately(session: Session, at: datetime) -> list[tuple[date, datetime]]:
    """The days that were closed within the last 24 hours, and when; the newest day first."""
    row = AnalyticsDay
    found = select(row.day, row.closed_at).where(row.closed_at > at - KEPT_FOR).order_by(row.day.desc())
    return [(day, closed_at) for day, closed_at in session.execute(found)]


def page(
    session: Session, day: date, closed_at: datetime, *, after: int, limit: int
) -> tuple[list[Document], int | None]:
    """The documents of the next tenants by number, those that sold nothing as well, and the number of the last one."""
    tenants = select(Tenant.id, Tenant.ref).where(Tenant.id > after).order_by(Tenant.id).limit(limit).subquery()
    figure = TenantDailyFigure
    figures = (figure.currency, figure.orders, figure.revenue, figure.new_customers, figure.products_sold)
    found = (
        select(tenants.c.id, tenants.c.ref, *figures)
        .outerjoin_from(tenants, figure, and_(figure.tenant_id == tenants.c.id, figure.day == day))
        .order_by(tenants.c.id, figure.currency)
    )
    shops: dict[int, _Shop] = {}
    for tenant_id, ref, *its in session.execute(found):
        shops.setdefault(tenant_id, _Shop(ref)).add(*its)
    return [shop.document(day, closed_at) for shop in shops.values()], max(shops, default=None)


@dataclass(slots=True)
class _Shop:
    ref: str
    new_customers: int = 0
    currencies: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, currency: str | None, orders: int, revenue: int, new_customers: int, products_sold: int) -> None:
        """One of its rows; there is none when its day has nothing."""
        if currency is not None:
            self.new_customers += new_customers
        if currency not in (None, NO_CURRENCY):
            self.currencies[currency] = {"orders": orders, "revenue": revenue, "products_sold": products_sold}

    def document(self, day: date, closed_at: datetime) -> Document:
        """All of it, amounts in minor units."""
        shown = {
            "tenant": self.ref,
            "date": day.isoformat(),
            "new_customers": self.new_customers,
            "currencies": self.currencies,
            "computed_at": clock.iso(closed_at),
        }
        return Document(key_of(self.ref, day), json.dumps(shown, ensure_ascii=False))
