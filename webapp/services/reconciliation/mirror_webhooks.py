"""What the external ledger tells of a movement: one of ours confirms; any other in our balances is a discrepancy.

A webhook is signed, so it is believed to be Blnk's; what it says is looked up in our own books, never there.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import TRANSFER_REJECTED
from webapp.domain.states import AlertStatus
from webapp.domain.words import phrase
from webapp.models import Alert
from webapp.providers.blnk.provider import TRANSFERS, There, row_of
from webapp.providers.webhooks.payloads import WebhookPayload
from webapp.services.alerts import alerts
from webapp.services.reconciliation import discrepancies, mirror_queue, mirror_strangers

CONFIRMED = phrase("It is a movement of the desk's, or of balances that are not the desk's.")
_REJECTED = "transaction.rejected"


def is_news(session: Session, payload: WebhookPayload) -> bool:
    """Whether the desk does not know it: a movement that it did not send, or one of its own that was rejected."""
    return _is_rejected(session, payload) or _stranger(session, payload) is not None


def note(session: Session, payload: WebhookPayload, at: datetime) -> str:
    """Alert of what is not as it should be; the gist, in a sentence."""
    if _is_rejected(session, payload):
        sentence = phrase("Blnk rejected transfer %(reference)s: its books lack it.", reference=payload.reference)
        alerts.fire(session, TRANSFER_REJECTED, _requested_reference(payload.reference or "unknown"), sentence, at)
        return sentence
    stranger = _stranger(session, payload)
    if stranger is None:
        return CONFIRMED
    found = mirror_strangers.finding(stranger)
    discrepancies.note(session, TRANSFERS, found, at)
    return found.detail


def end_rejections(session: Session, booked: Collection[str], at: datetime) -> None:
    """Blnk has booked these movements: what it had rejected of them, it has taken since."""
    rejected = select(Alert.subject).where(Alert.rule == TRANSFER_REJECTED.name, Alert.status != AlertStatus.RESOLVED)
    over = set(session.scalars(rejected)) & set(booked)
    if over:
        alerts.resolve_all(session, [TRANSFER_REJECTED], sorted(over), at)


def _is_rejected(session: Session, payload: WebhookPayload) -> bool:
    return payload.event == _REJECTED and bool(
        mirror_queue.ours(session, [_requested_reference(payload.reference or "")])
    )


def _stranger(session: Session, payload: WebhookPayload) -> There | None:
    row = row_of(payload.data)
    return next(iter(mirror_strangers.among(session, [row])), None) if row is not None else None


def _requested_reference(reference: str) -> str:
    """The reference under which it was asked for: what waited in Blnk's queue is rejected under one of its own."""
    return reference.removesuffix("_q")
