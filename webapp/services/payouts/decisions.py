"""Deciding on a payout that does not settle, by two people, or on one that was paid after all, within the limits."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.states import PayoutStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Refusal
from webapp.models import Payout
from webapp.services.approvals import approvals
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.approvals.executors import Payload
from webapp.services.common import lookup, validation
from webapp.services.payouts.executors import GivePayoutBack, MarkPayoutPaid, check_unsettled, known_of, read_payout
from webapp.services.payouts.paid_twice_executors import ClawPayoutBack, WritePayoutOff, check_paid_after_all
from webapp.settings import Settings

_UNSETTLED: dict[str, type[MarkPayoutPaid] | type[GivePayoutBack]] = {
    "payout.mark_paid": MarkPayoutPaid,
    "payout.give_back": GivePayoutBack,
}
_PAID_AFTER_ALL: dict[str, type[ClawPayoutBack] | type[WritePayoutOff]] = {
    "payout.claw_back": ClawPayoutBack,
    "payout.write_off": WritePayoutOff,
}


def decide(
    session: Session,
    action: str,
    payout_id: int,
    reason: str,
    *,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> DecisionResult:
    """Do it, or propose it. What its provider does not tell is settled by two people, after its own time.

    Raises Conflict before.
    """
    actor.require("money:propose")
    reason = validation.require_text(
        reason, "reason", phrase("Say what you saw at the provider or the bank, in a sentence.")
    )
    subject = read_payout.locked(session, payout_id)
    payout = subject.payout
    lookup.require_version(payout, version, "payout")
    _check(action, payout)
    if why := disabled_reason(action, payout, at, settings):
        raise Conflict(why)
    decision = payload(action, payout, reason)
    return approvals.decide(
        session, action, payout_id, decision, at=at, actor=actor, settings=settings, subject=subject
    )


def payload(action: str, payout: Payout, reason: str) -> Payload:
    """The decision as it is kept."""
    if action in _UNSETTLED:
        return _UNSETTLED[action](reason=reason, known=known_of(payout))
    return _PAID_AFTER_ALL[action](reason=reason)


def disabled_reason(action: str, payout: Payout, at: datetime, settings: Settings) -> str:
    """Why nobody can decide so now; empty when somebody can."""
    try:
        _check(action, payout)
    except Refusal as refusal:
        return refusal.detail
    ripe = decided_from(payout, settings)
    if ripe is not None and ripe > at:
        return phrase("Its provider is asked until %(ripe)s. If it has not told by then, decide.", ripe=in_utc(ripe))
    return ""


def decided_from(payout: Payout, settings: Settings) -> datetime | None:
    """From when two people decide, if its provider does not tell by then; None when it is settled, or was not sent."""
    if payout.doubted_at is not None:
        return payout.doubted_at + timedelta(hours=settings.payout_lookup_hours)
    if payout.status in (PayoutStatus.SENDING, PayoutStatus.SENT):
        return (payout.sent_at or payout.created_at) + timedelta(hours=settings.payout_settle_hours)
    return None


def _check(action: str, payout: Payout) -> None:
    if action in _UNSETTLED:
        check_unsettled(payout)
    else:
        check_paid_after_all(payout)
