"""What people decide about what left an escrow: taken back, and perhaps given otherwise in the same step."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.services.approvals import approvals
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.common import validation
from webapp.services.payments.reversals.executors import ReverseTransfer
from webapp.settings import Settings


def reverse(
    session: Session,
    transfer_id: int,
    reason: str,
    *,
    to_debt: bool = False,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> DecisionResult:
    """Correct a movement by its opposite, or propose it. `to_debt` posts what a wallet lacks as its party's debt."""
    decision = ReverseTransfer(reason=reason, to_debt=to_debt)
    return correct(session, "transfer.reverse", transfer_id, decision, at=at, actor=actor, settings=settings)


def correct(
    session: Session,
    action: str,
    transfer_id: int,
    decision: ReverseTransfer,
    *,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> DecisionResult:
    """Correct a movement: reverse it, or reverse it and refund or split what it held, or propose that.

    Whoever lets the money go again needs the permission for that too.
    """
    actor.require("money:reverse")
    if action != "transfer.reverse":
        actor.require("money:propose")
    reason = validation.require_text(decision.reason, "reason", phrase("Say why it is reversed."))
    decision = decision.model_copy(update={"reason": reason})
    return approvals.decide(session, action, transfer_id, decision, at=at, actor=actor, settings=settings)
