"""How refunds stand: where the money is, and what follows, in sentences."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.providers.provider_messages import reason, sentence
from webapp.domain.states import PaymentStatus, RefundStatus
from webapp.models import Payment, Refund

MOST = 20
_WORDS = {
    RefundStatus.WAITING: "{amount} goes back to the payer: the refund is sent with the next run.",
    RefundStatus.SENDING: "{amount} goes back to the payer: the refund may have been sent, so the provider is asked.",
    RefundStatus.PENDING: "{amount} goes back to the payer: the provider took the refund and has not finished it.",
    RefundStatus.NEEDS_REVIEW: "The refund of {amount} needs a person: {message}",
    RefundStatus.PROCESSED: "{amount} went back to the payer.",
    RefundStatus.FAILED: "The refund of {amount} failed at {provider}: {why}. {where} See that the payer gets it, then "
    "say how.",
    RefundStatus.SETTLED_OTHERWISE: "The refund of {amount} failed, and the payer was given it another way: {message}",
}
_IN_WALLET = "The money is in the buyer's wallet."
_STAYS = "The money never was in escrow, and stays at {provider}."
_NEXT = {
    RefundStatus.NEEDS_REVIEW: "Saying on the payment's page what became of it ends that.",
    RefundStatus.FAILED: "Refund settled otherwise, on the payment's page, ends that.",
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
        return f"The refund of {amount} waits: it is not sent while the payer's bank wants the money back."
    where = _STAYS.format(provider=refund.provider) if payment.status == PaymentStatus.FAILED else _IN_WALLET
    return _WORDS[RefundStatus(refund.status)].format(
        amount=Money(refund.amount, refund.currency),
        provider=refund.provider,
        message=sentence(refund.status_detail),
        why=reason(refund.status_detail or ""),
        where=where,
    )


def what_ends_it(refund: Refund) -> str:
    """What a person has to do; empty where nobody has to."""
    return _NEXT.get(RefundStatus(refund.status), "")
