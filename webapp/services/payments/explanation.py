"""What is the matter with this payment? The answer, and what happens next."""

from datetime import datetime

from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_messages import sentence
from webapp.domain.state_labels import in_words
from webapp.domain.states import ChargebackStatus, EscrowStatus, PaymentStatus
from webapp.models import Payment, Refund
from webapp.services.disputes import chargeback_cases
from webapp.services.payments.detail import PaymentDetail
from webapp.services.refunds import explanation


def why(detail: PaymentDetail, at: datetime) -> list[str]:
    """Sentences; the first is the answer."""
    payment = detail.payment
    ways = {
        PaymentStatus.PENDING: _pending,
        PaymentStatus.NEEDS_REVIEW: _in_review,
        PaymentStatus.SUCCEEDED: _succeeded,
    }
    sentences = ways.get(PaymentStatus(payment.status), _ended)(detail, at)
    return sentences + ([_refund(detail.refund, detail)] if detail.refund else [])


def _refund(refund: Refund, detail: PaymentDetail) -> str:
    is_at_bank = any(each.status == ChargebackStatus.OPEN for each in detail.chargebacks)
    return explanation.in_words(refund, detail.payment, is_at_bank=is_at_bank)


def _pending(detail: PaymentDetail, at: datetime) -> list[str]:
    payment = detail.payment
    sentences = [f"{_amount(payment)} is awaited through {payment.provider} since {in_utc(payment.created_at)}."]
    if payment.checkout_url is None:
        sentences.append("Nobody knows where to pay it: its provider told no address when its checkout was begun.")
    if payment.status_detail:
        sentences.append(payment.status_detail)
    if payment.next_check_at is not None:
        soon = payment.next_check_at <= at
        when = "with the next run" if soon else f"from {in_utc(payment.next_check_at)}"
        sentences.append(f"Its provider is asked {when}, unless a webhook settles it before.")
    return sentences


def _in_review(detail: PaymentDetail, at: datetime) -> list[str]:
    sentences = [
        *_at_bank(detail),
        detail.payment.status_detail or "What the provider says contradicts what this desk knows.",
    ]
    return sentences if detail.waiting is not None else [*sentences, _meanwhile(detail)]


def _meanwhile(detail: PaymentDetail) -> str:
    """What of its money can move before a person has decided."""
    payment, escrow = detail.payment, detail.escrow
    if payment.undecided_amount < 0:
        return detail.came_back
    if payment.undecided_amount > 0 and detail.first is not None:
        return f"It was kept for {detail.buyer.name}, in the wallet, and is not held: a person decides who bears it."
    if payment.undecided_amount > 0 and escrow.status != EscrowStatus.HELD:
        return f"{_gone_to(detail)} A person decides who bears what was taken back."
    if payment.undecided_amount > 0:
        return f"Nothing of escrow {escrow.ref} moves until a person decides."
    if detail.first is not None or escrow.status not in (EscrowStatus.PENDING_PAYMENT, EscrowStatus.VOIDED):
        return f"Nothing of this payment moves until a person decides. Order {detail.order.ref} goes its way meanwhile."
    return "Nothing moves until a person decides."


def _gone_to(detail: PaymentDetail) -> str:
    """Where the money of an escrow went that is not held any more."""
    escrow, when = detail.escrow, f" on {in_utc(detail.escrow.closed_at)}" if detail.escrow.closed_at else ""
    ways = {
        EscrowStatus.RELEASED: f"was released to {detail.seller.name}{when}, and may have been paid out since",
        EscrowStatus.SPLIT: f"was split between {detail.buyer.name} and {detail.seller.name}{when}, "
        "and may have been paid out since",
        EscrowStatus.REFUNDED: f"was refunded to {detail.buyer.name}{when}",
    }
    way = ways.get(EscrowStatus(escrow.status), f"is {in_words(escrow.status)}")
    return f"Escrow {escrow.ref} {way}: nothing of it is held."


def _succeeded(detail: PaymentDetail, at: datetime) -> list[str]:
    payment, state = detail.payment, detail.escrow.status.replace("_", " ")
    sentences = _at_bank(detail)
    if detail.first is not None:
        first, buyer = detail.first.reference, detail.buyer.name
        kept = f"{_amount(payment)} was collected besides payment {first}, and kept for {buyer}"
        return [f"{kept}, in the wallet: {payment.status_detail or ''}".rstrip(), *sentences]
    if payment.taken_back_decided:
        gone = Money(payment.taken_back_decided, payment.currency)
        sentences.append(f"{gone} of it was taken back, and is booked to whoever bears it.")
        sentences += [f"The last word about that: {payment.status_detail}"] if payment.status_detail else []
    paid = f"It was paid on {in_utc(payment.paid_at)}" if payment.paid_at else "It was paid"
    if payment.settled_at and not payment.paid_at:
        paid = f"It counts as paid since {in_utc(payment.settled_at)}"
    fee = Money(payment.payer_fee, payment.currency)
    more = f", and {fee} on top for the provider's fee" if fee.amount else ""
    return [f"{paid}: {_amount(payment)} for order {detail.order.ref}, whose escrow is {state}{more}.", *sentences]


def _at_bank(detail: PaymentDetail) -> list[str]:
    """How the payer's bank stands to it."""
    return [chargeback_cases.in_words(each) for each in detail.chargebacks]


def _ended(detail: PaymentDetail, at: datetime) -> list[str]:
    payment = detail.payment
    when = f" on {in_utc(payment.settled_at)}" if payment.settled_at else ""
    detail_text = f": {sentence(payment.status_detail)}" if payment.status_detail else "."
    became = f"It {payment.status}" if detail.refund is None else "It was decided that it goes back to the payer"
    return [f"{became}{when}{detail_text}", f"Order {detail.order.ref} is {in_words(detail.order.status)}."]


def _amount(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)
