"""What providers tell of and the desk does nothing with: counted by kind, with the last body as a sample."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import IgnoredWebhookEvent
from webapp.providers.webhooks import reader
from webapp.providers.webhooks.payloads import WebhookPayload
from webapp.sql import insert_new

_NAMELESS = "without a name"
_LONGEST, _MOST = 200, 200


def count(session: Session, provider: str, raw: bytes, payload: WebhookPayload, *, at: datetime) -> None:
    """One more of its kind."""
    values = {"body": reader.as_text(raw), "last_at": at}
    key = {"provider": provider, "event": (payload.event or _NAMELESS)[:_LONGEST]}
    row = insert_new(session, IgnoredWebhookEvent).values(**key, **values, count=1, first_at=at)
    counted = values | {"count": IgnoredWebhookEvent.__table__.c.count + 1}
    session.execute(row.on_conflict_do_update(index_elements=["provider", "event"], set_=counted))


def kinds(session: Session) -> Sequence[IgnoredWebhookEvent]:
    """Every kind, the one that came last first."""
    return session.scalars(select(IgnoredWebhookEvent).order_by(IgnoredWebhookEvent.last_at.desc()).limit(_MOST)).all()
