"""What is the matter with this payment? The answer, and what happens next."""

from datetime import datetime

from webapp.domain import chargeback
from webapp.domain.money import Money
from webapp.domain.provider_phrases import sentence
from webapp.domain.states import ChargebackStatus, PaymentStatus, RefundStatus
from webapp.models import Payment, Refund
from webapp.services.payment_file import PaymentFile

_REFUNDS = {
    RefundStatus.WAITING: "{amount} goes back to the payer: the refund is sent with the next run.",
    RefundStatus.SENDING: "{amount} goes back to the payer: the refund may have been sent, so the provider is asked.",
    RefundStatus.PENDING: "{amount} goes back to the payer: the provider took the refund and has not finished it.",
    RefundStatus.NEEDS_REVIEW: "The refund of {amount} needs a person: {said}",
    RefundStatus.PROCESSED: "{amount} went back to the payer.",
    RefundStatus.FAILED: "The refund of {amount} failed: a person has to see that the payer gets it.",
    RefundStatus.SETTLED_OTHERWISE: "The refund of {amount} failed, and the payer was given it another way: {said}",
}


def why(file: PaymentFile, at: datetime) -> list[str]:
    """Sentences; the first is the answer."""
    payment = file.payment
    ways = {
        PaymentStatus.PENDING: _pending,
        PaymentStatus.NEEDS_REVIEW: _in_review,
        PaymentStatus.SUCCEEDED: _succeeded,
    }
    told = ways.get(PaymentStatus(payment.status), _ended)(file, at)
    return told + ([_refunded(file.refund)] if file.refund else [])


def _pending(file: PaymentFile, at: datetime) -> list[str]:
    payment = file.payment
    said = [f"{_amount(payment)} is awaited through {payment.provider} since {_on(payment.created_at)}."]
    if payment.checkout_url is None:
        said.append("Nobody knows where to pay it: its provider told no address when its checkout was begun.")
    if payment.said:
        said.append(payment.said)
    if payment.next_check_at is not None:
        soon = payment.next_check_at <= at
        when = "with the next run" if soon else f"from {_on(payment.next_check_at)}"
        said.append(f"Its provider is asked {when}, unless a webhook settles it before.")
    return said


def _in_review(file: PaymentFile, at: datetime) -> list[str]:
    said = [*_at_bank(file), file.payment.said or "What the provider says contradicts what this desk knows."]
    waiting = file.waiting
    if waiting is not None:
        return [*said, f"{waiting.proposed_by_name} proposed a decision, which waits for a second person."]
    return [*said, "Nothing moves until a person decides."]


def _succeeded(file: PaymentFile, at: datetime) -> list[str]:
    payment, state = file.payment, file.escrow.status.replace("_", " ")
    told = _at_bank(file)
    if file.first is not None:
        kept = (
            f"{_amount(payment)} was collected besides payment {file.first.reference}, and kept for {file.buyer.name}"
        )
        return [f"{kept}, in the wallet: {payment.said or ''}".rstrip(), *told]
    if payment.taken_back_decided:
        gone = Money(payment.taken_back_decided, payment.currency)
        told.append(f"{gone} of it was taken back, and decided: {payment.said or ''}".rstrip())
    paid = f"It was paid on {_on(payment.paid_at)}" if payment.paid_at else "It was paid"
    if payment.settled_at and not payment.paid_at:
        paid = f"It counts as paid since {_on(payment.settled_at)}"
    fee = Money(payment.payer_fee, payment.currency)
    more = f", and {fee} on top for the provider's fee" if fee.amount else ""
    return [f"{paid}: {_amount(payment)} for order {file.order.ref}, whose escrow is {state}{more}.", *told]


def _at_bank(file: PaymentFile) -> list[str]:
    """How the payer's bank stands to it."""
    return [
        chargeback.in_words(
            each.provider, each.number, ChargebackStatus(each.status), Money(each.amount, each.currency)
        )
        for each in file.chargebacks
    ]


def _ended(file: PaymentFile, at: datetime) -> list[str]:
    payment = file.payment
    when = f" on {_on(payment.settled_at)}" if payment.settled_at else ""
    told = f": {sentence(payment.said)}" if payment.said else "."
    became = f"It {payment.status}" if file.refund is None else "It was decided that it goes back to the payer"
    return [f"{became}{when}{told}", f"Order {file.order.ref} is {file.order.status.replace('_', ' ')}."]


def _refunded(refund: Refund) -> str:
    amount = Money(refund.amount, refund.currency)
    return _REFUNDS[RefundStatus(refund.status)].format(amount=amount, said=sentence(refund.said))


def _amount(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)


def _on(instant: datetime) -> str:
    return f"{instant:%d %B %Y at %H:%M} UTC"
