"""Taking the demo's tenants out: all that is theirs, and their part of the figures of all tenants."""

from datetime import date
from typing import Any

from sqlalchemy import Delete, Select, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from webapp.models import (
    AnalyticsDay,
    AnalyticsTotal,
    CartItem,
    Customer,
    Order,
    OrderLine,
    Product,
    Subscription,
    SubscriptionReminder,
    Tenant,
    TenantDailyFigure,
)
from webapp.models.base import BigInt

_TENANTS = select(Tenant.id).where(Tenant.demo)
_OF_TENANTS: tuple[Any, ...] = (CartItem, OrderLine, Customer, Product, TenantDailyFigure, Subscription)
_FIGURES = ("orders", "revenue", "new_customers", "products_sold")

SUBJECTS: dict[str, Select[Any]] = {
    "tenant": _TENANTS,
    "subscription": select(Subscription.id).where(Subscription.tenant_id.in_(_TENANTS)),
}
"""The demo's things of these kinds."""


def keep_named(session: Session, demo_orders: Select[Any]) -> None:
    """A tenant that an order of somebody else names is the demo's no more: the order needs it."""
    named = exists().where(Order.tenant == Tenant.ref, Order.id.not_in(demo_orders))
    kept = update(Tenant).where(Tenant.demo, named).values(demo=False)
    session.execute(kept.execution_options(synchronize_session=False))


def deletions() -> list[Delete]:
    """All of it, children before parents; the days that the seeding closed are open again."""
    return [
        delete(SubscriptionReminder).where(SubscriptionReminder.subscription_id.in_(SUBJECTS["subscription"])),
        *(delete(model).where(model.tenant_id.in_(_TENANTS)) for model in _OF_TENANTS),
        delete(Tenant).where(Tenant.demo),
        delete(AnalyticsDay).where(AnalyticsDay.run_id.is_(None)),
    ]


def days(session: Session) -> list[date]:
    """The days that the demo's tenants have figures of."""
    mine = select(TenantDailyFigure.day).where(TenantDailyFigure.tenant_id.in_(_TENANTS)).distinct()
    return list(session.scalars(mine))


def total_anew(session: Session, changed: list[date]) -> None:
    """Add the figures of these days up again, from what is left."""
    of_days = AnalyticsTotal.day.in_(changed)
    session.execute(delete(AnalyticsTotal).where(of_days).execution_options(synchronize_session=False))
    left = TenantDailyFigure
    sums = [func.sum(getattr(left, name)).cast(BigInt) for name in _FIGURES]
    rows = select(left.day, left.currency, *sums, func.count()).where(left.day.in_(changed))
    columns = ["day", "currency", *_FIGURES, "tenants"]
    session.execute(insert(AnalyticsTotal).from_select(columns, rows.group_by(left.day, left.currency)))
