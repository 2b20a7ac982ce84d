"""How refunds stand: where the money is, and what follows, in sentences."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.providers.provider_messages import reason, sentence
from webapp.domain.states import PaymentStatus, RefundStatus
from webapp.domain.words import message, phrase
from webapp.models import Payment, Refund

MOST = 20
_WORDS = {
    RefundStatus.WAITING: message("%(amount)s goes back to the payer: the refund is sent with the next run."),
    RefundStatus.SENDING: message(
        "%(amount)s goes back to the payer: the refund may have been sent, so the provider is asked."
    ),
    RefundStatus.PENDING: message(
        "%(amount)s goes back to the payer: the provider took the refund and has not finished it."
    ),
    RefundStatus.NEEDS_REVIEW: message("The refund of %(amount)s needs a person: %(detail)s"),
    RefundStatus.PROCESSED: message("%(amount)s went back to the payer."),
    RefundStatus.FAILED: message(
        "The refund of %(amount)s failed at %(provider)s: %(why)s. %(where)s See that the payer gets it, then say how."
    ),
    RefundStatus.SETTLED_OTHERWISE: message(
        "The refund of %(amount)s failed, and the payer was given it another way: %(detail)s"
    ),
}
_IN_WALLET = message("The money is in the buyer's wallet.")
_STAYS = message("The money never was in escrow, and stays at %(provider)s.")
_NEXT = {
    RefundStatus.NEEDS_REVIEW: message("Saying on the payment's page what became of it ends that."),
    RefundStatus.FAILED: message("Refund settled otherwise, on the payment's page, ends that."),
}
ENDED = (RefundStatus.PROCESSED, RefundStatus.SETTLED_OTHERWISE)


def of_order(session: Session, order_id: int) -> Sequence[tuple[Refund, Payment]]:
    """The refunds of what was paid for an order, newest first, each with its payment."""
    mine = select(Refund, Payment).join(Payment, Payment.id == Refund.payment_id).where(Payment.order_id == order_id)
    found = session.execute(mine.order_by(Refund.id.desc()).limit(MOST))
    return [(refund, payment) for refund, payment in found]


def in_words(refund: Refund, payment: Payment, *, is_at_bank: bool = False) -> str:
    """How it stands, and where the money is. `is_at_bank` is whether the payer's bank wants the money back."""
    if refund.status == RefundStatus.WAITING and is_at_bank:
        amount = Money(refund.amount, refund.currency)
        return phrase(
            "The refund of %(amount)s waits: it is not sent while the payer's bank wants the money back.", amount=amount
        )
    where = phrase(_STAYS, provider=refund.provider) if payment.status == PaymentStatus.FAILED else phrase(_IN_WALLET)
    words = _WORDS[RefundStatus(refund.status)]
    return phrase(
        words,
        amount=Money(refund.amount, refund.currency),
        provider=refund.provider,
        detail=sentence(refund.status_detail),
        why=reason(refund.status_detail or ""),
        where=where,
    )


def what_ends_it(refund: Refund) -> str:
    """What a person has to do; empty where nobody has to."""
    return phrase(_NEXT.get(RefundStatus(refund.status), ""))
