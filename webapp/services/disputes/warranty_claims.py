"""Warranty claims: a rejected one pays nobody. The money stays, and is due a while after the decision."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.money.shares import divide
from webapp.domain.states import DisputeKind
from webapp.domain.words import phrase
from webapp.models import Dispute, Escrow
from webapp.services.escrows import disbursement, release_dates


def is_claim(dispute: Dispute) -> bool:
    """Whether it is about finished work."""
    return dispute.kind == DisputeKind.WARRANTY_CLAIM


def is_rejected(dispute: Dispute, resolution: DisputeResolution) -> bool:
    """Whether the resolution rejects a warranty claim: the buyer gets nothing back."""
    return is_rejection(dispute, resolution.resolution)


def is_rejection(dispute: Dispute, resolution: str) -> bool:
    """Whether this resolution rejects the dispute's claim."""
    return resolutions.rejects_claim(dispute.kind, resolution)


def due_after(escrow: Escrow, decided: datetime, hours: int) -> datetime | None:
    """When the money is due after a rejection; None while its order has yet to be completed."""
    return None if escrow.release_at is None else max(escrow.release_at, decided) + timedelta(hours=hours)


def cool_down(session: Session, dispute: Dispute, hours: int, reason: str, *, at: datetime, actor: Actor) -> None:
    """Put the escrow's date off after the claim on it was rejected or withdrawn."""
    escrow = disbursement.locked(session, dispute.escrow_id)
    later = due_after(escrow, at, hours)
    if later is not None:
        release_dates.put_off(session, escrow, later, at=at, actor=actor, reason=reason)


def rejection_in_words(escrow: Escrow, decided: datetime, hours: int) -> str:
    """What a rejection does, as a phrase."""
    later = due_after(escrow, decided, hours)
    when = phrase("until %(later)s", later=in_utc(later)) if later else phrase("until its order is completed")
    held = Money(escrow.amount, escrow.currency)
    parts = divide(held, escrow.fee, held.amount)
    then = phrase("; then it is %(share)s", share=parts.seller_in_words()) if escrow.fee else ""
    return phrase(
        "the claim is rejected: %(held)s stays held %(when)s, nobody is paid now%(then)s",
        held=held,
        when=when,
        then=then,
    )
