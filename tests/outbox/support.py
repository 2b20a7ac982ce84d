"""Endpoints, events and deliveries of tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from tests.support.market import DIVINE
from webapp import clock
from webapp.jobs.sending import Sending
from webapp.models import Delivery, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services import events, fan_out, webhook_endpoints
from webapp.services.webhook_endpoints import NewEndpoint


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
            events.add(session, name, ("thing", number), {"number": number, "name": "Zoë"}, at=at or clock.now())


def spread(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        fan_out.spread(session, clock.now(), runtime.settings)


def send(runtime: Runtime, **more: Any) -> None:
    Sending(runtime, **more).run()


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
