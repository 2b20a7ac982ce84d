"""Chargebacks: a payer's bank disputes a payment at its provider, and we open a dispute of our own for it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import parse_instant
from webapp.domain.states import DisputeKind
from webapp.errors import Conflict
from webapp.models import Dispute, Payment, ProviderDispute
from webapp.services import alerts, audit, dispute_work, disputes, orders
from webapp.services.disputes import NewDispute
from webapp.settings import Settings
from webapp.sql import insert_new

_RULE = "chargeback"
_OVER = ("resolved", "archived")


def note(
    session: Session,
    provider: str,
    payment_id: int | None,
    event: str,
    data: dict[str, Any],
    *,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> str:
    """Take in what the provider says of a chargeback; returns what came of it in a sentence."""
    number = str(data.get("id") or "")[:40]
    if not number or payment_id is None:
        return "No payment here has this reference."
    known = _known(session, provider, number, payment_id, data, at)
    known.status = str(data.get("status") or event.rpartition(".")[2])[:40]
    known.said = str(data.get("resolution") or data.get("message") or "")[:300] or None
    if known.dispute_id is not None:
        return _follow(session, known, at, actor)
    return _open(session, known, payment_id, at, actor, settings)


def _known(
    session: Session, provider: str, number: str, payment_id: int, data: dict[str, Any], at: datetime
) -> ProviderDispute:
    row = insert_new(session, ProviderDispute).values(
        provider=provider,
        number=number,
        payment_id=payment_id,
        status="new",
        category=str(data.get("category") or "")[:200] or None,
        due_at=_instant(data.get("dueAt") or data.get("due_at")),
        created_at=at,
    )
    session.execute(row.on_conflict_do_nothing())
    mine = (ProviderDispute.provider == provider, ProviderDispute.number == number)
    return session.scalars(select(ProviderDispute).where(*mine).with_for_update()).one()


def _open(
    session: Session, known: ProviderDispute, payment_id: int, at: datetime, actor: Actor, settings: Settings
) -> str:
    payment = session.get_one(Payment, payment_id)
    escrow = orders.escrow_of(session, payment.order_id)
    claim = f"{known.provider} reports a chargeback ({known.category or 'no category'}), number {known.number}."
    new = NewDispute(escrow.id, "buyer", "chargeback", claim, DisputeKind.DISPUTE)
    try:
        with session.begin_nested():
            may = replace(actor, permissions=actor.permissions | {"dispute:open"})
            dispute = disputes.open_dispute(session, new, at=at, actor=may, settings=settings)
    except Conflict as refusal:
        subject = f"{known.provider} {known.number}"
        said = f"A chargeback on payment {payment.reference} came, and no dispute could be opened: {refusal.detail}"
        alerts.fire(session, _RULE, subject, "page", said, at)
        audit.record(session, actor, "chargeback.note", ("payment", payment_id), at=at, reason=said)
        return said
    known.dispute_id = dispute.id
    if known.due_at is not None and known.due_at > at:
        dispute.due_at = min(dispute.due_at, known.due_at)
    return f"Dispute {dispute.ref} was opened."


def _follow(session: Session, known: ProviderDispute, at: datetime, actor: Actor) -> str:
    """What came after its opening is a note in the dispute; a person decides."""
    dispute = session.get_one(Dispute, known.dispute_id)
    said = f"{known.provider} says of chargeback {known.number}: {known.status}. {known.said or ''}".strip()
    may = replace(actor, permissions=actor.permissions | {"dispute:work"})
    try:
        dispute_work.say(session, dispute.id, "internal", said, at=at, actor=may)
    except Conflict:
        audit.record(session, actor, "chargeback.note", ("dispute", dispute.id), at=at, reason=said)
    if known.status in _OVER:
        alerts.resolve(session, _RULE, f"{known.provider} {known.number}", at)
    return f"It is noted in dispute {dispute.ref}."


def _instant(text: Any) -> datetime | None:
    try:
        return parse_instant(str(text)) if text else None
    except ValueError:
        return None
