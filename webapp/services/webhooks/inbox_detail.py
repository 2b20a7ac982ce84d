"""Looking at what providers told us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import InboundWebhook, Payment, Payout, WebhookRefusal
from webapp.services.common import lookup

LATELY = timedelta(days=1)
_MOST = 20


@dataclass(frozen=True, slots=True)
class InboundWebhookDetail:
    """A webhook and the `(kind, id)` of what it is about, when that is known here."""

    webhook: InboundWebhook
    subject: tuple[str, int] | None


def read(session: Session, webhook_id: int) -> InboundWebhookDetail:
    """One webhook. Raises NotFound."""
    webhook = lookup.by_id(session, InboundWebhook, webhook_id, "webhook")
    return InboundWebhookDetail(webhook, _subject(session, webhook))


def refusals(session: Session, at: datetime) -> Sequence[WebhookRefusal]:
    """What came without a right signature within a day, by provider and hour, the latest first."""
    recent = select(WebhookRefusal).where(WebhookRefusal.hour >= at - LATELY)
    return session.scalars(recent.order_by(WebhookRefusal.hour.desc(), WebhookRefusal.provider).limit(_MOST)).all()


def refused_lately(session: Session, name: str, at: datetime) -> int:
    """How often something was refused within a week that is counted under this name."""
    recent = (WebhookRefusal.provider == name, WebhookRefusal.hour >= at - timedelta(days=7))
    return session.scalars(select(func.coalesce(func.sum(WebhookRefusal.count), 0)).where(*recent)).one()


def _subject(session: Session, webhook: InboundWebhook) -> tuple[str, int] | None:
    if webhook.reference is None:
        return None
    payment = select(Payment.id).where(Payment.provider == webhook.provider, Payment.reference == webhook.reference)
    found = session.scalars(payment).first()
    if found is not None:
        return "payment", found
    found = session.scalars(select(Payout.id).where(Payout.ref == webhook.reference)).first()
    return ("payout", found) if found is not None else None
