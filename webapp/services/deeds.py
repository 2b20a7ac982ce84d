"""The money deeds that a person may decide: what each does, done alike at once or after a second person's yes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money import Money
from webapp.domain.rulings import from_payload, in_words
from webapp.domain.states import CLOSED_DISPUTES, DisputeStatus, EscrowStatus, OrderStatus, Resolution
from webapp.errors import Conflict
from webapp.models import Dispute, Order
from webapp.services import (
    audit,
    dispute_locks,
    events,
    freezes,
    leaving,
    lookup,
    payment_deeds,
    reversals,
    warranty_claims,
)

Deed = Callable[[Session, int, dict[str, Any], datetime, Actor], str]


def perform(
    session: Session, action: str, subject_id: int, payload: dict[str, Any], *, at: datetime, actor: Actor
) -> str:
    """Do the deed; returns what was done in a sentence. Raises Conflict when it can't be done any more."""
    return DEEDS[action](session, subject_id, payload, at, actor)


def _release(session: Session, escrow_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    escrow = leaving.locked(session, escrow_id)
    leaving.leave(session, escrow, 0, escrow.amount, at=at, actor=actor, reason=payload["reason"])
    return f"{Money(escrow.amount, escrow.currency)} of escrow {escrow.ref} was released to the seller."


def _refund(session: Session, escrow_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    escrow = leaving.locked(session, escrow_id)
    leaving.leave(session, escrow, escrow.amount, 0, at=at, actor=actor, reason=payload["reason"])
    return f"{Money(escrow.amount, escrow.currency)} of escrow {escrow.ref} was refunded to the buyer."


def _void(session: Session, escrow_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    escrow = leaving.locked(session, escrow_id)
    if escrow.status != EscrowStatus.PENDING_PAYMENT:
        raise Conflict(f"Escrow {escrow.ref} is {escrow.status}: only one that awaits payment can be voided.")
    escrow.status, escrow.left_at, escrow.left_reason = EscrowStatus.VOIDED, at, "decision"
    escrow.version += 1
    order = lookup.by_id(session, Order, escrow.order_id, "order")
    order.status = OrderStatus.CANCELLED
    session.flush()
    reason = payload["reason"]
    audit.record(session, actor, "escrow.void", ("escrow", escrow.id), at=at, reason=reason)
    audit.record(session, actor, "order.cancel", ("order", order.id), at=at, reason=reason)
    events.add(session, "escrow.voided", ("escrow", escrow.id), {"escrow": escrow.ref, "order": order.ref}, at=at)
    return f"Escrow {escrow.ref} was voided."


def _resolve(session: Session, dispute_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    """Close the dispute, lift its freeze, then let the escrow go as the ruling says."""
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    escrow = leaving.locked(session, dispute.escrow_id)
    ruling = from_payload(payload)
    rejected = warranty_claims.is_rejected(dispute, ruling)
    stays = rejected or ruling.resolution == Resolution.NO_FAULT
    buyer, seller = ruling.shares(escrow.amount)
    _close(session, dispute, ruling.as_payload(), None if stays else (buyer, seller), at, actor)
    cause = dispute_locks.cause_of(dispute)
    freezes.lift(session, escrow.id, cause, dispute.id, at=at, actor=actor, reason=ruling.reason)
    if rejected:
        hours = payload["cooldown_hours"]
        said = warranty_claims.rejection_in_words(escrow, at, hours)
        warranty_claims.cool_down(session, dispute, hours, ruling.reason, at=at, actor=actor)
        return f"Dispute {dispute.ref} is resolved: {said}."
    if not stays:
        escrow = leaving.locked(session, dispute.escrow_id)
        leaving.leave(session, escrow, buyer, seller, at=at, actor=actor, reason=ruling.reason)
    return f"Dispute {dispute.ref} is resolved: {in_words(ruling, Money(escrow.amount, escrow.currency))}."


def _close(
    session: Session,
    dispute: Dispute,
    ruling: dict[str, Any],
    parts: tuple[int, int] | None,
    at: datetime,
    actor: Actor,
) -> None:
    """`parts` is what each side gets; None when nothing moves."""
    buyer, seller = parts or (None, None)
    changed = session.execute(
        update(Dispute)
        .where(Dispute.id == dispute.id, Dispute.status.not_in(CLOSED_DISPUTES))
        .values(
            status=DisputeStatus.RESOLVED,
            resolution=ruling["resolution"],
            resolution_code=ruling["code"],
            resolution_reason=ruling["reason"],
            buyer_amount=buyer,
            seller_amount=seller,
            resolved_at=at,
            resolved_by=actor.name,
            waiting_on=None,
            paused_at=None,
            version=Dispute.version + 1,
        )
        .returning(Dispute.id)
    )
    if changed.one_or_none() is None:
        raise Conflict(f"Dispute {dispute.ref} is closed already. Your decision was not applied.")
    session.expire(dispute)
    before, reason = {"status": "open"}, ruling["reason"]
    audit.record(
        session, actor, "dispute.resolve", ("dispute", dispute.id), at=at, reason=reason, before=before, after=ruling
    )
    said = {"dispute": dispute.ref, "resolution": ruling["resolution"]}
    events.add(session, "dispute.resolved", ("dispute", dispute.id), said, at=at)


DEEDS: dict[str, Deed] = {
    "escrow.release": _release,
    "escrow.refund": _refund,
    "escrow.void": _void,
    "dispute.resolve": _resolve,
    "transfer.reverse": reversals.perform,
    "payment.accept": payment_deeds.accept,
    "payment.refund": payment_deeds.refund,
    "payment.mark_paid": payment_deeds.mark_paid,
}
"""Every deed by its action, the word that approvals and the audit trail use."""
