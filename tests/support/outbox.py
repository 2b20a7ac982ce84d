"""Endpoints, events and deliveries of tests."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.support.market import DIVINE
from webapp import clock
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.models import Delivery, Event, Payout, PayoutDestination, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services.notifications import fan_out
from webapp.services.webhooks import endpoints as webhook_endpoints
from webapp.services.webhooks.endpoints import NewEndpoint


def endpoint(runtime: Runtime, url: str, *patterns: str) -> tuple[WebhookEndpoint, str]:
    """A new endpoint for these events, made a minute ago, and its secret."""
    new = NewEndpoint(url, "A shop", patterns or ["*"])
    at = clock.now() - timedelta(minutes=1)
    with runtime.db.transaction() as session:
        return webhook_endpoints.create(session, new, at=at, actor=DIVINE, settings=runtime.settings)


def happen(runtime: Runtime, *types: str, at: datetime | None = None) -> None:
    """Events of these types, with nothing behind them."""
    with runtime.db.transaction() as session:
        for number, name in enumerate(types, 1):
            payload = json.dumps({"name": "Zoë", "number": number}, ensure_ascii=False)
            thing = {"subject_kind": "thing", "subject_id": number, "payload": payload}
            session.add(Event(type=name, at=at or clock.now(), **thing))
            session.flush()


def spread(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        fan_out.fan_out(session, clock.now(), runtime.settings)


def send(runtime: Runtime, **more: Any) -> None:
    OutboxSender(runtime, **more).run()


def deliveries(runtime: Runtime, *where: Any) -> Sequence[Delivery]:
    with runtime.db.reading() as session:
        return session.scalars(select(Delivery).where(*where).order_by(Delivery.id)).all()


def states(runtime: Runtime, *where: Any) -> list[tuple[str, str, int]]:
    return [(each.kind, str(each.status), each.attempts) for each in deliveries(runtime, *where)]


def come_due(runtime: Runtime) -> None:
    """Let the time pass that waits for the next attempt."""
    change(runtime, next_try_at=clock.now() - timedelta(seconds=1), lease_until=None)


def change(runtime: Runtime, **values: Any) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Delivery).values(**values))


def endpoint_now(runtime: Runtime, endpoint_id: int) -> WebhookEndpoint:
    with runtime.db.reading() as session:
        return webhook_endpoints.get(session, endpoint_id)


def payout_of(session: Session, party_id: int, at: datetime) -> Payout:
    """A payout that failed."""
    to = PayoutDestination(
        party_id=party_id,
        currency="NGN",
        kind="nuban",
        bank_code="058",
        account_name="Seller",
        account_encrypted="x",
        account_ending="6789",
        created_at=at,
        created_by="x",
    )
    session.add(to)
    session.flush()
    payout = Payout(
        ref="payout-1",
        party_id=party_id,
        destination_id=to.id,
        provider="paystack",
        currency="NGN",
        amount=5_000,
        status="failed",
        created_at=at,
        created_by="x",
    )
    session.add(payout)
    session.flush()
    return payout
