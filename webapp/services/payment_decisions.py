"""Deciding on a payment: at once within the actor's limit, else proposed to a second person."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.models import Escrow, Order, Payment
from webapp.services import approvals, checks, lookup, payment_deeds
from webapp.services.approvals import Decided, Proposal
from webapp.settings import Settings

Check = Callable[[Payment, Order, Escrow], None]

CHECKS: dict[str, Check] = {
    "payment.accept": payment_deeds.check_accept,
    "payment.refund": payment_deeds.check_refund,
    "payment.mark_paid": payment_deeds.check_mark_paid,
}


def decide(
    session: Session,
    action: str,
    payment_id: int,
    reason: str,
    *,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> Decided:
    """Do `payment.accept`, `payment.refund` or `payment.mark_paid`, or propose it."""
    actor.require("money:propose")
    said = checks.require_text(reason, "reason", "Say why, in a sentence.")
    payment, order, escrow = payment_deeds.locked(session, payment_id)
    lookup.require_version(payment, version, "payment")
    CHECKS[action](payment, order, escrow)
    proposal = Proposal(
        action, "payment", payment.id, escrow.id, payment.currency, payment.amount, {"reason": said}, said
    )
    return approvals.decide(session, proposal, at=at, actor=actor, settings=settings)
