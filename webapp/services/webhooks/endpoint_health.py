"""How an endpoint of webhooks has been lately. One that fails for too long is paused, and somebody is told."""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import ENDPOINT_PAUSED
from webapp.domain.outbox.delivery_rules import FAILING_FOR
from webapp.domain.words import phrase
from webapp.models import WebhookEndpoint
from webapp.services.alerts import alerts
from webapp.services.audit import trail

PAUSER = Actor("job", None, "deliver_outbox")


def record_success(session: Session, endpoint_id: int) -> None:
    """It took a message: whatever was the matter is over."""
    ill = or_(WebhookEndpoint.failures > 0, WebhookEndpoint.failing_since.is_not(None))
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.paused_at.is_(None), ill)
        .values(failures=0, failing_since=None)
        .execution_options(synchronize_session=False)
    )


def record_failure(session: Session, endpoint_id: int, error: str, at: datetime, *, gone: bool) -> None:
    """It did not take a message. It is paused when it says that it is gone, or when this goes on for too long."""
    endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)
    if endpoint is None or endpoint.paused_at is not None or endpoint.removed_at is not None:
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or at
    if gone:
        _pause(session, endpoint, phrase("It answered 410 Gone."), at)
    elif at - endpoint.failing_since >= FAILING_FOR:
        _pause(session, endpoint, phrase("It has failed for 24 hours. The last time: %(error)s", error=error), at)


def sentence(endpoint: WebhookEndpoint) -> str:
    """What an alert says of an endpoint that paused itself."""
    return phrase(
        "Webhooks to “%(description)s” are paused: %(pause_reason)s",
        description=endpoint.description,
        pause_reason=endpoint.pause_reason,
    )


def _pause(session: Session, endpoint: WebhookEndpoint, why: str, at: datetime) -> None:
    endpoint.paused_at, endpoint.pause_reason = at, why
    endpoint.version += 1
    session.flush()
    trail.record(session, PAUSER, "webhook.pause", ("endpoint", endpoint.id), at=at, reason=why)
    alerts.fire(session, ENDPOINT_PAUSED, str(endpoint.id), sentence(endpoint), at)
