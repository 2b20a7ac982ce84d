"""All there is to know of one tenant: its subscription, orders, held money, figures, messages, and what it sells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.analytics.periods import Period, until
from webapp.domain.states import EscrowStatus
from webapp.models import CartItem, Customer, Delivery, Escrow, Order, OrderLine, Product, Subscription, Tenant
from webapp.models.base import BigInt
from webapp.services import timeline
from webapp.services.analytics import figures
from webapp.services.analytics.figures import Sales
from webapp.services.storefront import line_sums, tenants
from webapp.services.storefront.line_sums import LineSum
from webapp.services.timeline import Moment

NEWEST = 10
"""Orders and messages that are shown."""
COUNTED = 1_000
"""Products, customers, lines and carts are counted up to here."""
DAYS = 30
"""The period of the figures."""


@dataclass(frozen=True, slots=True)
class TenantOrder:
    """An order, and the number of its escrow, which has the page."""

    escrow_id: int
    ref: str
    status: str
    amount: int
    currency: str
    created_at: Any


@dataclass(frozen=True, slots=True)
class TenantFigures:
    """What it sold in a period, by currency, and who was new; none where no day was counted yet."""

    period: Period
    sales: dict[str, Sales]
    new_customers: int


@dataclass(frozen=True, slots=True)
class TenantDetail:
    """One tenant with everything around it."""

    tenant: Tenant
    subscription: Subscription | None
    orders: Sequence[TenantOrder]
    """The newest."""
    held: Sequence[tuple[int, str]]
    """What is held for its orders, by currency, in minor units."""
    figures: TenantFigures | None
    messages: Sequence[Delivery]
    """The newest that it was sent."""
    counts: dict[str, int]
    """Products, customers, order lines and cart items, each up to COUNTED."""
    moments: Sequence[Moment]
    differing: Sequence[LineSum]
    """The newest orders whose lines don't sum to their amount."""


def read(session: Session, tenant_id: int) -> TenantDetail:
    """One tenant, in a fixed number of statements. Raises NotFound."""
    tenant = tenants.get(session, tenant_id)
    mine = select(Subscription).where(Subscription.tenant_id == tenant_id)
    subscription = session.scalars(mine).one_or_none()
    subjects = [("tenant", tenant_id), *([("subscription", subscription.id)] if subscription else [])]
    return TenantDetail(
        tenant,
        subscription,
        _orders(session, tenant.ref),
        _held(session, tenant.ref),
        _figures(session, tenant_id),
        _messages(session, subscription.id) if subscription else [],
        _counts(session, tenant_id),
        timeline.moments(session, subjects, ()),
        line_sums.differing(session, tenant.ref, limit=NEWEST),
    )


def _orders(session: Session, ref: str) -> Sequence[TenantOrder]:
    newest = select(Order.id).where(Order.tenant == ref).order_by(Order.created_at.desc(), Order.id.desc())
    query = select(Escrow.id, Order.ref, Order.status, Order.amount, Order.currency, Order.created_at)
    query = query.join(Escrow, Escrow.order_id == Order.id).where(Order.id.in_(newest.limit(NEWEST)))
    return [TenantOrder(*row) for row in session.execute(query.order_by(Order.created_at.desc(), Order.id.desc()))]


def _held(session: Session, ref: str) -> Sequence[tuple[int, str]]:
    query = select(func.sum(Escrow.amount).cast(BigInt), Escrow.currency).join(Order, Order.id == Escrow.order_id)
    held = query.where(Order.tenant == ref, Escrow.status == EscrowStatus.HELD)
    return [
        (amount, currency)
        for amount, currency in session.execute(held.group_by(Escrow.currency).order_by(Escrow.currency))
    ]


def _figures(session: Session, tenant_id: int) -> TenantFigures | None:
    last: date | None = figures.last_closed(session)
    if last is None:
        return None
    period = until(last, DAYS)
    days = figures.daily(session, period, tenant_id)
    return TenantFigures(period, figures.summed(days), sum(day.new_customers for day in days))


def _messages(session: Session, subscription_id: int) -> Sequence[Delivery]:
    mine = (Delivery.subject_kind == "subscription", Delivery.subject_id == subscription_id)
    to_it = select(Delivery).where(*mine, Delivery.endpoint_id.is_(None))
    return session.scalars(to_it.order_by(Delivery.id.desc()).limit(NEWEST)).all()


def _counts(session: Session, tenant_id: int) -> dict[str, int]:
    tables: dict[str, Any] = {"products": Product, "customers": Customer, "lines": OrderLine, "carts": CartItem}
    columns = [
        _up_to(select(table.id).where(table.tenant_id == tenant_id)).label(name) for name, table in tables.items()
    ]
    return dict(session.execute(select(*columns)).one()._mapping)


def _up_to(rows: Select[Any]) -> Any:
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()
