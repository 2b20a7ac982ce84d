"""Alert rules about what goes out."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.numbers import counted
from webapp.domain.outbox.delivery_rules import HELD_AFTER
from webapp.domain.states import Channel, DeliveryStatus
from webapp.domain.words import phrase
from webapp.models import Delivery, WebhookEndpoint
from webapp.services.alerts.registry import Answer, rule
from webapp.services.notifications import delivery_queue
from webapp.services.webhooks import endpoint_health
from webapp.settings import Settings

_PATIENCE = timedelta(minutes=15)
_MOST = 1_000
_MOST_HELD = 200


@rule(severity="warn")
def delivery_waiting_too_long(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """Something could have gone out for a quarter of an hour, and did not."""
    oldest = session.scalars(delivery_queue.due(at - _PATIENCE).limit(1)).one_or_none()
    if oldest is not None:
        yield (
            "outbox",
            phrase("Messages that are due have been waiting for more than 15 minutes: deliver_outbox does not run."),
        )


@rule(severity="warn")
def dead_letters(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """Something that goes out is out of attempts, or was refused for good."""
    for channel in Channel:
        dead = select(Delivery.id).where(Delivery.channel == channel, Delivery.status == DeliveryStatus.DEAD)
        ids = session.scalars(dead.order_by(Delivery.id.desc()).limit(_MOST)).all()
        if ids:
            found = counted(len(ids), "delivery", "deliveries")
            many = phrase("%(many)s or more", many=found) if len(ids) == _MOST else found
            what = phrase(
                "%(many)s by %(channel)s could not be delivered. Send them again, or cancel them.",
                many=many,
                channel=channel,
            )
            yield str(channel), what, [str(number) for number in ids] if len(ids) <= _MOST_HELD else []


@rule(severity="warn")
def endpoint_paused(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """An endpoint of webhooks failed for so long that it was paused."""
    ill = (WebhookEndpoint.failing_since.is_not(None), WebhookEndpoint.paused_at.is_not(None))
    for endpoint in session.scalars(select(WebhookEndpoint).where(*ill, WebhookEndpoint.removed_at.is_(None))):
        sentence = endpoint_health.sentence(endpoint)
        yield str(endpoint.id), sentence, [sentence]


@rule(severity="warn")
def endpoint_held(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """An endpoint fails again and again, and holds what waits for it, because of one delivery or of all of them."""
    held = (WebhookEndpoint.failures >= HELD_AFTER, WebhookEndpoint.paused_at.is_(None))
    query = select(WebhookEndpoint).where(*held, WebhookEndpoint.removed_at.is_(None)).order_by(WebhookEndpoint.id)
    for endpoint in session.scalars(query.limit(_MOST_HELD)):
        oldest = select(Delivery).where(Delivery.endpoint_id == endpoint.id, delivery_queue.WAITING)
        first = session.scalars(oldest.order_by(Delivery.id).limit(1)).first()
        if first is not None and endpoint.failing_since is not None:
            since = clock.iso(endpoint.failing_since)
            what = phrase(
                "Webhooks to “%(description)s” are held since %(since)s by delivery %(id)s",
                description=endpoint.description,
                since=since,
                id=first.id,
            )
            sentence = phrase(
                "%(what)s: %(error)s It is tried each minute; cancel it to go on.",
                what=what,
                error=first.last_error or phrase("no answer"),
            )
            yield str(endpoint.id), sentence, [str(first.id)]
