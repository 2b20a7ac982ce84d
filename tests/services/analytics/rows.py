"""A few rows of shops, and what was made of them."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp.domain.actors import job_actor
from webapp.models import AnalyticsDay, Customer, Order, OrderLine, Party, Tenant, TenantDailyFigure

JOB = job_actor("aggregate_analytics", 1)
DAY = date(2026, 11, 26)
AT = datetime(2026, 11, 27, 1, tzinfo=UTC)
"""When the job of that day runs."""
_numbers = count(1)


def utc(text: str) -> datetime:
    """An instant, such as `2026-11-26 23:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_tenant(session: Session, ref: str, zone: str | None = None) -> int:
    """A shop; the parties of its orders are there with the first."""
    if session.get(Party, 1) is None:
        session.execute(insert(Party), [{"id": n, "ref": f"p-{n}", "name": f"P {n}", "created_at": AT} for n in (1, 2)])
    made = session.execute(
        insert(Tenant).values(ref=ref, name=ref.title(), zone=zone, **times(AT)).returning(Tenant.id)
    )
    return int(made.scalar_one())


def an_order(
    session: Session,
    tenant: int,
    made: str,
    paid: str | None = None,
    *,
    amount: int = 1_000,
    currency: str = "NGN",
    pieces: int = 0,
) -> int:
    """An order with one line, when it has pieces."""
    shop, number = session.get_one(Tenant, tenant), next(_numbers)
    about: dict[str, Any] = {"buyer_id": 1, "seller_id": 2, "on_credit": False, "tenant": shop.ref}
    about |= {"ref": f"o-{number}", "status": "in_progress" if paid else "awaiting_payment", "amount": amount}
    about |= {"currency": currency, "created_at": utc(made), "paid_at": utc(paid) if paid else None}
    order = int(session.execute(insert(Order).values(**about).returning(Order.id)).scalar_one())
    if pieces:
        line = {"tenant_id": tenant, "ref": f"l-{number}", "order_id": order, "order_ref": f"o-{number}"}
        line |= {"product_ref": "p-1", "quantity": pieces, "amount": amount, "currency": currency}
        session.execute(insert(OrderLine).values(**line, **times(utc(made))))
    return order


def a_customer(session: Session, tenant: int, at: str) -> None:
    """Somebody new."""
    session.execute(insert(Customer).values(tenant_id=tenant, ref=f"c-{next(_numbers)}", **times(utc(at))))


def times(at: datetime) -> dict[str, datetime]:
    """When a row was made, changed and stored."""
    return {"created_at": at, "updated_at": at, "stored_at": at}


def figures(session: Session, tenant: int, day: date = DAY) -> dict[str, tuple[int, int, int, int]]:
    """A shop's orders, revenue, new customers and products sold of a day, by currency."""
    row = TenantDailyFigure
    found = select(row.currency, row.orders, row.revenue, row.new_customers, row.products_sold)
    rows = session.execute(found.where(row.tenant_id == tenant, row.day == day))
    return {currency: (orders, revenue, new, sold) for currency, orders, revenue, new, sold in rows}


def closed(session: Session) -> dict[date, int]:
    """The days that are closed, and how many shops each has."""
    return {row.day: row.tenants for row in session.scalars(select(AnalyticsDay))}
