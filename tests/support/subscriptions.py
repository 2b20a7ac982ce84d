"""Tenants with their subscriptions, and what was told of these."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.support.market import NOW
from tests.support.outbox import deliveries
from webapp.models import Audit, Delivery, Event, Subscription, Tenant
from webapp.runtime import Runtime

MAIL = {"smtp_url": "smtp://mail.example:25"}


def shop(session: Session, ref: str = "shop-1", *, email: str | None = "", grace_days: int | None = None) -> Tenant:
    """A tenant; with an address of its own unless one is given, or None."""
    address = f"{ref}@shops.example" if email == "" else email
    row = Tenant(ref=ref, name=ref.title(), email=address, grace_days=grace_days)
    row.created_at = row.updated_at = row.stored_at = NOW
    session.add(row)
    session.flush()
    return row


def subscribed(
    session: Session, ref: str, expires: datetime, status: str = "active", *, by_hand: bool = False, **shop_has: Any
) -> int:
    """A subscription of a new tenant, as a row; returns its number."""
    tenant = shop(session, ref, **shop_has)
    row = Subscription(tenant_id=tenant.id, status=status, expire_date=expires, suspended_by_hand=by_hand)
    row.created_at = row.changed_at = NOW
    session.add(row)
    session.flush()
    return row.id


def with_mail(runtime: Runtime, monkeypatch: Any) -> Runtime:
    """The desk when it can send letters."""
    monkeypatch.setattr(runtime.settings, "smtp_url", MAIL["smtp_url"])
    return runtime


def row_of(runtime: Runtime, subscription_id: int) -> Subscription:
    with runtime.db.reading() as session:
        return session.get_one(Subscription, subscription_id)


def statuses(runtime: Runtime) -> dict[str, str]:
    """Every tenant's subscription, by the tenant's reference."""
    with runtime.db.reading() as session:
        query = select(Tenant.ref, Subscription.status).join(Subscription, Subscription.tenant_id == Tenant.id)
        return {ref: str(status) for ref, status in session.execute(query.order_by(Tenant.ref))}


def events_of(runtime: Runtime, subscription_id: int) -> list[str]:
    mine = (Event.subject_kind == "subscription", Event.subject_id == subscription_id)
    with runtime.db.reading() as session:
        return list(session.scalars(select(Event.type).where(*mine).order_by(Event.id)))


def letters_of(runtime: Runtime, subscription_id: int) -> list[str]:
    mine = (Delivery.subject_kind == "subscription", Delivery.subject_id == subscription_id)
    return [each.kind for each in deliveries(runtime, *mine)]


def records_of(runtime: Runtime, subscription_id: int) -> list[tuple[str, str]]:
    """What was done, and who did it."""
    mine = (Audit.subject_kind == "subscription", Audit.subject_id == subscription_id)
    with runtime.db.reading() as session:
        rows = session.execute(select(Audit.action, Audit.actor_name).where(*mine).order_by(Audit.id))
        return [(row.action, row.actor_name) for row in rows]


def set_to(runtime: Runtime, subscription_id: int, **values: Any) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Subscription).where(Subscription.id == subscription_id).values(**values))
