"""What was taken back of a payment, decided, and is there again: where it lies, and who gets it by which action."""

from sqlalchemy.orm import Session

from webapp.domain.payments.loss_allocation import Bearer
from webapp.models import Escrow, Payment, Refund
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.payments.clawbacks import drafts, given_again
from webapp.services.refunds import refunds


def of_payment(session: Session, payment_id: int) -> str:
    """The same by the payment's number."""
    payment = payments.get(session, payment_id)
    escrow, refund = orders.escrow_of(session, payment.order_id), refunds.of_payment(session, payment_id)
    return in_words(session, payment, escrow, refund)


def in_words(session: Session, payment: Payment, escrow: Escrow, refund: Refund | None) -> str:
    """That in sentences; empty when nothing came back that waits for a decision."""
    if payment.undecided_amount >= 0:
        return ""
    lies = f"Until then it lies at {payment.provider} and counts in nobody's balance here."
    again = given_again.again(session, payment, escrow, refund)
    goes = f"“Give it again” of payment {payment.reference}: {given_again.in_words(escrow, again)}."
    return f"{lies} {_borne(session, payment, escrow)} {goes}{_meanwhile(payment, escrow)}"


def _borne(session: Session, payment: Payment, escrow: Escrow) -> str:
    who = {
        Bearer.ESCROW: f"It had come out of escrow {escrow.ref}.",
        Bearer.SELLER: "It had been taken from the seller.",
        Bearer.BUYER: "It had been taken from the buyer.",
        Bearer.PLATFORM: "The platform had borne it.",
    }
    borne = drafts.borne_by(session, payment, escrow)
    parts = [words for bearer, words in who.items() if borne.get(bearer, 0) > 0]
    return parts[0] if len(parts) == 1 else "Several bore it, and each gets theirs again."


def _meanwhile(payment: Payment, escrow: Escrow) -> str:
    is_held = drafts.is_held_for(payment, escrow)
    return f" Nothing of escrow {escrow.ref} moves before." if is_held else ""
