"""Deciding on a payout in doubt: at once within the actor's limit, else proposed to a second person."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.errors import Conflict, Refusal
from webapp.models import Payout
from webapp.services import approvals, checks, lookup
from webapp.services.approvals import Decided
from webapp.services.payout_executors import GivePayoutBack, MarkPayoutPaid, PayoutSubject, check_doubted
from webapp.settings import Settings
from webapp.sql import lock

PAYLOADS = {"payout.mark_paid": MarkPayoutPaid, "payout.give_back": GivePayoutBack}
"""What may be decided about a payout, by action."""


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
) -> Decided:
    """Do one of the PAYLOADS' actions, or propose it. Raises Conflict before the provider's own time is over."""
    actor.require("money:propose")
    said = checks.require_text(reason, "reason", "Say what you saw at the provider or the bank, in a sentence.")
    lock(session, Payout, [payout_id])
    payout = lookup.by_id(session, Payout, payout_id, "payout")
    lookup.require_version(payout, version, "payout")
    check_doubted(PayoutSubject(payout))
    if why := why_not(payout, at, settings):
        raise Conflict(why)
    decision = PAYLOADS[action](reason=said)
    return approvals.decide(session, action, payout_id, decision, at=at, actor=actor, settings=settings)


def why_not(payout: Payout, at: datetime, settings: Settings) -> str:
    """Why nobody can decide on it now; empty when somebody can."""
    try:
        check_doubted(PayoutSubject(payout))
    except Refusal as refusal:
        return refusal.detail
    ripe = decided_from(payout, settings)
    if ripe is not None and ripe > at:
        return f"Its provider is asked until {ripe:%d %B %Y at %H:%M} UTC. If it still does not show it then, decide."
    return ""


def decided_from(payout: Payout, settings: Settings) -> datetime | None:
    """From when a person decides, if its provider does not show it by then; None when it is in no doubt."""
    patience = timedelta(hours=settings.payout_lookup_hours)
    return payout.doubted_at + patience if payout.doubted_at else None
