"""Alert rules about what goes out."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery, WebhookEndpoint
from webapp.services import delivery_queue, endpoint_health
from webapp.services.alert_rules import rule
from webapp.settings import Settings

_PATIENCE = timedelta(minutes=15)
_MOST = 1_000


@rule(severity="warn")
def delivery_waiting_too_long(session: Session, at: datetime, settings: Settings) -> Iterator[tuple[str, str]]:
    """Something could have gone out for a quarter of an hour, and did not."""
    oldest = session.scalars(delivery_queue.due(at - _PATIENCE).limit(1)).one_or_none()
    if oldest is not None:
        yield "outbox", "Messages that are due have been waiting for more than 15 minutes: deliver_outbox does not run."


@rule(severity="warn")
def dead_letters(session: Session, at: datetime, settings: Settings) -> Iterator[tuple[str, str]]:
    """Something that goes out is out of attempts, or was refused for good."""
    for channel in Channel:
        dead = select(Delivery.id).where(Delivery.channel == channel, Delivery.status == DeliveryStatus.DEAD)
        count = session.scalar(select(func.count()).select_from(dead.limit(_MOST).subquery())) or 0
        if count:
            more = " or more" if count == _MOST else ""
            yield str(channel), f"{count:,}{more} deliveries by {channel} are dead. Send them again, or cancel them."


@rule(severity="warn")
def endpoint_paused(session: Session, at: datetime, settings: Settings) -> Iterator[tuple[str, str]]:
    """An endpoint of webhooks failed for so long that it was paused."""
    ill = (WebhookEndpoint.failing_since.is_not(None), WebhookEndpoint.paused_at.is_not(None))
    for endpoint in session.scalars(select(WebhookEndpoint).where(*ill, WebhookEndpoint.removed_at.is_(None))):
        yield str(endpoint.id), endpoint_health.sentence(endpoint)
