"""Escrows, and what a person may decide about one: extend, release, refund, void, reverse."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus
from webapp.domain.words import phrase
from webapp.errors import Invalid, Overtaken
from webapp.models import Escrow
from webapp.services.approvals import approvals
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.approvals.escrow_executors import RefundEscrow, ReleaseEscrow, VoidEscrow, read_escrow
from webapp.services.common import lookup, validation
from webapp.services.escrows import disbursement, release_dates
from webapp.settings import Settings

PAYLOADS = {"escrow.release": ReleaseEscrow, "escrow.refund": RefundEscrow, "escrow.void": VoidEscrow}


def get(session: Session, escrow_id: int) -> Escrow:
    """One escrow. Raises NotFound."""
    return lookup.by_id(session, Escrow, escrow_id, "escrow")


def extend(
    session: Session, escrow_id: int, release_at: datetime, reason: str, *, version: int, at: datetime, actor: Actor
) -> Escrow:
    """Put off the release. Raises Invalid for an instant that is past or sooner than the present one."""
    actor.require("escrow:extend")
    reason = validation.require_text(reason, "reason", phrase("Say why it is put off."))
    escrow = disbursement.locked(session, escrow_id)
    lookup.require_version(escrow, version, "escrow")
    if escrow.status not in (EscrowStatus.HELD, EscrowStatus.PENDING_PAYMENT):
        raise Overtaken(
            phrase(
                "Escrow %(ref)s is %(in_words)s: there is nothing left to put off.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
            )
        )
    if release_at <= at or (escrow.release_at is not None and release_at <= escrow.release_at):
        raise Invalid(
            phrase("Choose an instant later than the present one."),
            fields={"release_at": phrase("Later than now, and than before.")},
        )
    release_dates.put_off(session, escrow, release_at, at=at, actor=actor, reason=reason)
    return escrow


def release(
    session: Session, escrow_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Pay the seller now, or propose it."""
    return _decide(session, "escrow.release", escrow_id, reason, version, at, actor, settings)


def refund(
    session: Session, escrow_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Give the buyer everything back, or propose it."""
    return _decide(session, "escrow.refund", escrow_id, reason, version, at, actor, settings)


def void(
    session: Session, escrow_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Give up an escrow that was never paid, or propose it."""
    return _decide(session, "escrow.void", escrow_id, reason, version, at, actor, settings)


def _decide(
    session: Session,
    action: str,
    escrow_id: int,
    reason: str,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> DecisionResult:
    actor.require("money:propose")
    reason = validation.require_text(reason, "reason", phrase("Say why, in a sentence."))
    subject = read_escrow.locked(session, escrow_id)
    lookup.require_version(subject.escrow, version, "escrow")
    decision = PAYLOADS[action](reason=reason)
    return approvals.decide(
        session, action, escrow_id, decision, at=at, actor=actor, settings=settings, subject=subject
    )
