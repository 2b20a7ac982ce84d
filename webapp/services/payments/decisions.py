"""Deciding on a payment: at once within the actor's limit, else proposed to a second person."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.services.approvals import approvals
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.common import lookup, validation
from webapp.services.payments.clawbacks.executors import (
    ClawBackPayment,
    GiveAgainPayment,
    RefundRestOfPayment,
    WriteOffPayment,
)
from webapp.services.payments.duplicate_executors import KeepPayment, SameMoneyPayment
from webapp.services.payments.executors import AcceptPayment, MarkPaymentPaid, RefundPayment, read_payment
from webapp.settings import Settings

PAYLOADS = {
    "payment.accept": AcceptPayment,
    "payment.refund": RefundPayment,
    "payment.mark_paid": MarkPaymentPaid,
    "payment.keep": KeepPayment,
    "payment.same_money": SameMoneyPayment,
    "payment.write_off": WriteOffPayment,
    "payment.claw_back": ClawBackPayment,
    "payment.refund_rest": RefundRestOfPayment,
    "payment.give_again": GiveAgainPayment,
}
"""What may be decided about a payment, by action."""


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
) -> DecisionResult:
    """Do one of the PAYLOADS' actions, or propose it."""
    actor.require("money:propose")
    reason = validation.require_text(reason, "reason", phrase("Say why, in a sentence."))
    subject = read_payment.locked(session, payment_id)
    lookup.require_version(subject.payment, version, "payment")
    decision = PAYLOADS[action](reason=reason)
    return approvals.decide(
        session, action, payment_id, decision, at=at, actor=actor, settings=settings, subject=subject
    )
