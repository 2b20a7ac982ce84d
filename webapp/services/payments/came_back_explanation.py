"""What was taken back of a payment, decided, and is there again: where it lies, and who gets it by which action."""

from sqlalchemy.orm import Session

from webapp.domain.payments.loss_allocation import Bearer
from webapp.domain.words import joined, phrase
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
    lies = phrase("Until then it lies at %(provider)s and counts in nobody's balance here.", provider=payment.provider)
    again = given_again.again(session, payment, escrow, refund)
    goes = phrase(
        "“Give it again” of payment %(reference)s: %(goes)s.",
        reference=payment.reference,
        goes=given_again.in_words(escrow, again),
    )
    return joined(lies, _borne(session, payment, escrow), goes, _meanwhile(payment, escrow))


def _borne(session: Session, payment: Payment, escrow: Escrow) -> str:
    who = {
        Bearer.ESCROW: phrase("It had come out of escrow %(ref)s.", ref=escrow.ref),
        Bearer.SELLER: phrase("It had been taken from the seller."),
        Bearer.BUYER: phrase("It had been taken from the buyer."),
        Bearer.PLATFORM: phrase("The platform had borne it."),
    }
    borne = drafts.borne_by(session, payment, escrow)
    parts = [words for bearer, words in who.items() if borne.get(bearer, 0) > 0]
    return parts[0] if len(parts) == 1 else phrase("Several bore it, and each gets theirs again.")


def _meanwhile(payment: Payment, escrow: Escrow) -> str:
    is_held = drafts.is_held_for(payment, escrow)
    return phrase("Nothing of escrow %(ref)s moves before.", ref=escrow.ref) if is_held else ""
