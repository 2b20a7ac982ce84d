"""What is the matter with this payment? The answer, and what happens next."""

from datetime import datetime

from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_messages import sentence
from webapp.domain.state_labels import in_words
from webapp.domain.states import ChargebackStatus, EscrowStatus, PaymentStatus
from webapp.domain.words import joined, message, phrase
from webapp.models import Payment, Refund
from webapp.services.disputes import chargeback_cases
from webapp.services.payments.detail import PaymentDetail
from webapp.services.refunds import explanation

_BECAME = {
    PaymentStatus.FAILED: message("It failed"),
    PaymentStatus.EXPIRED: message("It expired"),
}
"""How one ended that was not paid."""


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
    sentences: list[str] = [
        phrase(
            "%(amount)s is awaited through %(provider)s since %(created_at)s.",
            amount=_amount(payment),
            provider=payment.provider,
            created_at=in_utc(payment.created_at),
        )
    ]
    if payment.checkout_url is None:
        sentences.append(
            phrase("Nobody knows where to pay it: its provider told no address when its checkout was begun.")
        )
    if payment.status_detail:
        sentences.append(payment.status_detail)
    if payment.next_check_at is not None:
        soon = payment.next_check_at <= at
        when = (
            phrase("with the next run")
            if soon
            else phrase("from %(next_check_at)s", next_check_at=in_utc(payment.next_check_at))
        )
        sentences.append(phrase("Its provider is asked %(when)s, unless a webhook settles it before.", when=when))
    return sentences


def _in_review(detail: PaymentDetail, at: datetime) -> list[str]:
    sentences = [
        *_at_bank(detail),
        detail.payment.status_detail or phrase("What the provider says contradicts what this desk knows."),
    ]
    return sentences if detail.waiting is not None else [*sentences, _meanwhile(detail)]


def _meanwhile(detail: PaymentDetail) -> str:
    """What of its money can move before a person has decided."""
    payment, escrow = detail.payment, detail.escrow
    if payment.undecided_amount < 0:
        return detail.came_back
    if payment.undecided_amount > 0 and detail.first is not None:
        return phrase(
            "It was kept for %(name)s, in the wallet, and is not held: a person decides who bears it.",
            name=detail.buyer.name,
        )
    if payment.undecided_amount > 0 and escrow.status != EscrowStatus.HELD:
        return joined(_gone_to(detail), phrase("A person decides who bears what was taken back."))
    if payment.undecided_amount > 0:
        return phrase("Nothing of escrow %(ref)s moves until a person decides.", ref=escrow.ref)
    if detail.first is not None or escrow.status not in (EscrowStatus.PENDING_PAYMENT, EscrowStatus.VOIDED):
        return phrase(
            "Nothing of this payment moves until a person decides. Order %(ref)s goes its way meanwhile.",
            ref=detail.order.ref,
        )
    return phrase("Nothing moves until a person decides.")


def _gone_to(detail: PaymentDetail) -> str:
    """Where the money of an escrow went that is not held any more."""
    escrow, when = (
        detail.escrow,
        phrase(" on %(closed_at)s", closed_at=in_utc(detail.escrow.closed_at)) if detail.escrow.closed_at else "",
    )
    ways = {
        EscrowStatus.RELEASED: phrase(
            "was released to %(name)s%(when)s, and may have been paid out since", name=detail.seller.name, when=when
        ),
        EscrowStatus.SPLIT: phrase(
            "was split between %(name)s and %(seller_name)s%(when)s, and may have been paid out since",
            name=detail.buyer.name,
            seller_name=detail.seller.name,
            when=when,
        ),
        EscrowStatus.REFUNDED: phrase("was refunded to %(name)s%(when)s", name=detail.buyer.name, when=when),
    }
    way = ways.get(EscrowStatus(escrow.status), phrase("is %(status)s", status=in_words(escrow.status)))
    return phrase("Escrow %(ref)s %(way)s: nothing of it is held.", ref=escrow.ref, way=way)


def _succeeded(detail: PaymentDetail, at: datetime) -> list[str]:
    payment, state = detail.payment, in_words(detail.escrow.status)
    sentences = _at_bank(detail)
    if detail.first is not None:
        first, buyer = detail.first.reference, detail.buyer.name
        kept = phrase(
            "%(amount)s was collected besides payment %(first)s, and kept for %(buyer)s",
            amount=_amount(payment),
            first=first,
            buyer=buyer,
        )
        return [
            joined(phrase("%(kept)s, in the wallet:", kept=kept), payment.status_detail),
            *sentences,
        ]
    if payment.taken_back_decided:
        gone = Money(payment.taken_back_decided, payment.currency)
        sentences.append(phrase("%(gone)s of it was taken back, and is booked to whoever bears it.", gone=gone))
        sentences += (
            [phrase("The last word about that: %(status_detail)s", status_detail=payment.status_detail)]
            if payment.status_detail
            else []
        )
    paid = (
        phrase("It was paid on %(paid_at)s", paid_at=in_utc(payment.paid_at))
        if payment.paid_at
        else phrase("It was paid")
    )
    if payment.settled_at and not payment.paid_at:
        paid = phrase("It counts as paid since %(settled_at)s", settled_at=in_utc(payment.settled_at))
    fee = Money(payment.payer_fee, payment.currency)
    more = phrase(", and %(fee)s on top for the provider's fee", fee=fee) if fee.amount else ""
    return [
        phrase(
            "%(paid)s: %(amount)s for order %(ref)s, whose escrow is %(state)s%(more)s.",
            paid=paid,
            amount=_amount(payment),
            ref=detail.order.ref,
            state=state,
            more=more,
        ),
        *sentences,
    ]


def _at_bank(detail: PaymentDetail) -> list[str]:
    """How the payer's bank stands to it."""
    return [chargeback_cases.in_words(each) for each in detail.chargebacks]


def _ended(detail: PaymentDetail, at: datetime) -> list[str]:
    payment = detail.payment
    when = phrase(" on %(settled_at)s", settled_at=in_utc(payment.settled_at)) if payment.settled_at else ""
    detail_text = joined(": ", sentence(payment.status_detail), between="") if payment.status_detail else "."
    became = phrase("It was decided that it goes back to the payer")
    if detail.refund is None:
        ended = _BECAME[PaymentStatus(payment.status)]
        became = phrase(ended)
    return [
        joined(became, when, detail_text, between=""),
        phrase("Order %(ref)s is %(status)s.", ref=detail.order.ref, status=in_words(detail.order.status)),
    ]


def _amount(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)
