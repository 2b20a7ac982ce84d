"""What a person decides about a payment: accept a doubtful one, give it back, or mark one paid by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import PAYMENT_COLLECTED_TWICE, PAYMENT_NEEDS_REVIEW
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PaymentDecided, PaymentSucceeded
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, EscrowStatus, OrderStatus, PaymentStatus, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Escrow, Order, Payment, Refund
from webapp.services.alerts import alerts
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.audit import trail
from webapp.services.common import events, lookup
from webapp.services.escrows import funding
from webapp.services.ledger import transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.payments.failures import Failure, fail_all
from webapp.services.refunds import refunds

BY_HAND = "manual"
"""Whose clearing account has what came in another way."""
_MARKABLE = (PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.EXPIRED)
_UNPAID = (EscrowStatus.PENDING_PAYMENT, EscrowStatus.VOIDED)


@dataclass(frozen=True, slots=True)
class PaymentSubject:
    """The payment that is decided on, its order, and its escrow."""

    payment: Payment
    order: Order
    escrow: Escrow
    refund: Refund | None = None
    """What we gave back of it, or are about to."""
    first: Payment | None = None
    """The payment besides which it was collected, if it was."""

    @property
    def owed(self) -> Money:
        """The order's price."""
        return Money(self.payment.amount, self.payment.currency)

    @property
    def collected(self) -> Money:
        """What its provider says that it collected."""
        return Money(self.payment.provider_amount or 0, self.payment.provider_currency or self.payment.currency)

    @property
    def escrow_id(self) -> int | None:
        """The escrow that waits for a decision about the payment; none for money that is nobody's yet."""
        return self.escrow.id if self.payment.duplicate_of_id is None else None


class AcceptPayment(Payload):
    """Hold what came in; what is above the price goes to the buyer's wallet."""


class RefundPayment(Payload):
    """Give the payer back what came in, through the provider."""


class MarkPaymentPaid(Payload):
    """Hold money that came in another way."""


def _fetch(session: Session, payment_id: int) -> PaymentSubject:
    """The payment as it is now. Raises NotFound."""
    payment = lookup.by_id(session, Payment, payment_id, "payment")
    order = orders.get(session, payment.order_id)
    escrow_id = orders.escrow_of(session, order.id).id
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    first = None if payment.duplicate_of_id is None else payments.get(session, payment.duplicate_of_id)
    return PaymentSubject(payment, order, escrow, refunds.of_payment(session, payment_id), first)


def _guard(payment_id: int) -> ScalarSelect[Any]:
    of_order = select(Payment.order_id).where(Payment.id == payment_id).scalar_subquery()
    return select(Escrow.id).where(Escrow.order_id == of_order).scalar_subquery()


read_payment = Reader(_fetch, _guard)


@executor("payment.accept", AcceptPayment, read=read_payment)
def accept_payment(context: Context, subject: PaymentSubject, decision: AcceptPayment) -> Posting:
    """Hold the price; the surplus goes to the buyer's wallet."""
    check_accept(subject)
    payment, order, owed = subject.payment, subject.order, subject.owed
    clearing = Place(AccountKind.CLEARING, owed.currency, owner=payment.provider)
    holding = funding.draft(subject.escrow, clearing)
    surplus = subject.collected.amount - owed.amount
    kept = [_surplus(subject, clearing, surplus)] if surplus else []

    def post() -> None:
        _hold(context, subject, holding)
        transfers.write(context.session, kept, at=context.at)
        _succeed(context, subject, "payment.accept", decision.reason)

    more = (
        phrase(", %(amount)s above the price goes to the buyer's wallet", amount=Money(surplus, owed.currency))
        if surplus
        else ""
    )
    return Posting(
        sentence=phrase(
            "%(owed)s that came through %(provider)s is held for order %(ref)s%(more)s",
            owed=owed,
            provider=payment.provider,
            ref=order.ref,
            more=more,
        ),
        done=phrase(
            "Payment %(reference)s was accepted: %(owed)s is held%(more)s.",
            reference=payment.reference,
            owed=owed,
            more=more,
        ),
        amount=owed,
        post=post,
        legs=partial(transfers.legs, context.session, [holding, *kept]),
        escrow_id=subject.escrow.id,
    )


@executor("payment.refund", RefundPayment, read=read_payment)
def refund_payment(context: Context, subject: PaymentSubject, decision: RefundPayment) -> Posting:
    """Nothing was held, so nothing is posted: the provider is told to give it back."""
    check_refund(subject)
    payment, came = subject.payment, subject.collected
    refunds.require_none_yet(context.session, payment)

    def post() -> None:
        refunds.write(context.session, payment, subject.order.buyer_id, came, at=context.at, actor=context.actor)
        failure, reason = {payment.id: Failure(decision.reason)}, decision.reason
        event = None if subject.first is None else PaymentDecided(decision="refund", reason=reason)
        how: Any = {"at": context.at, "actor": context.actor, "action": "payment.refund", "reason": reason}
        fail_all(context.session, failure, event=event, **how)
        _end_review(context, payment)

    return Posting(
        sentence=phrase(
            "%(came)s of payment %(reference)s goes back to the payer through %(provider)s",
            came=came,
            reference=payment.reference,
            provider=payment.provider,
        ),
        done=phrase(
            "%(came)s of payment %(reference)s goes back to the payer.", came=came, reference=payment.reference
        ),
        amount=subject.owed,
        post=post,
        escrow_id=subject.escrow_id,
    )


@executor("payment.mark_paid", MarkPaymentPaid, read=read_payment)
def mark_payment_paid(context: Context, subject: PaymentSubject, decision: MarkPaymentPaid) -> Posting:
    """Hold the price: its provider has nothing to give back."""
    check_mark_paid(subject)
    payment, order, owed = subject.payment, subject.order, subject.owed
    holding = funding.draft(subject.escrow, Place(AccountKind.CLEARING, owed.currency, owner=BY_HAND))

    def post() -> None:
        _hold(context, subject, holding)
        payment.provider_id = None
        _succeed(context, subject, "payment.mark_paid", decision.reason)

    return Posting(
        sentence=phrase("%(owed)s that came through another way is held for order %(ref)s", owed=owed, ref=order.ref),
        done=phrase("Order %(ref)s was marked paid: %(owed)s is held.", ref=order.ref, owed=owed),
        amount=owed,
        post=post,
        legs=partial(transfers.legs, context.session, [holding]),
        escrow_id=subject.escrow.id,
    )


def posting_of(
    context: Context, subject: PaymentSubject, sentence: str, drafts: Sequence[Draft], post: Callable[[], None]
) -> Posting:
    """A decision about a payment: the same sentence says what would be done, and what was."""
    return Posting(
        sentence=sentence,
        done=f"{sentence[:1].upper()}{sentence[1:]}.",
        amount=subject.owed,
        post=post,
        legs=partial(transfers.legs, context.session, drafts),
        escrow_id=subject.escrow_id,
    )


def check_accept(subject: PaymentSubject) -> None:
    """Raise Conflict unless the payment can be accepted."""
    _require_first(subject)
    owed, came = subject.owed, subject.collected
    _require_review(subject.payment)
    if came.currency != owed.currency or came.amount < owed.amount:
        raise Conflict(
            phrase("%(came)s came in and %(owed)s is owed: it can't be accepted. Refund it.", came=came, owed=owed)
        )
    _require_unpaid(subject, phrase(" Refund this payment."))


def check_refund(subject: PaymentSubject) -> None:
    """Raise Conflict unless the payment can be given back to its payer."""
    _require_not_held(subject)
    _require_review(subject.payment)
    if subject.refund is not None:
        raise Conflict(phrase("This payment has a refund already: a payment is given back once."))
    if subject.payment.provider_amount is None or subject.payment.reference is None:
        raise Conflict(phrase("The provider told no amount for this payment, so there is nothing to give back."))


def check_mark_paid(subject: PaymentSubject) -> None:
    """Raise Conflict unless the payment can be marked paid by hand."""
    _require_first(subject)
    payment = subject.payment
    if payment.provider_amount is not None:
        raise Conflict(phrase("Its provider collected money for it. Begin another payment for what came another way."))
    if payment.status not in _MARKABLE:
        raise Overtaken(
            phrase("This payment is %(in_words)s: it can't be marked paid.", in_words=in_words(payment.status))
        )
    _require_unpaid(subject)


def _require_first(subject: PaymentSubject) -> None:
    if subject.first is not None:
        raise Conflict(phrase("It was collected besides another payment: give it back, or keep it for the buyer."))


def _require_unpaid(subject: PaymentSubject, instead: str = "") -> None:
    status = subject.escrow.status
    if status not in _UNPAID:
        raise Overtaken(
            phrase(
                "Order %(ref)s is paid already: its escrow is %(in_words)s.%(instead)s",
                ref=subject.order.ref,
                in_words=in_words(status),
                instead=instead,
            )
        )


def _require_review(payment: Payment) -> None:
    if payment.status != PaymentStatus.NEEDS_REVIEW:
        raise Overtaken(
            phrase(
                "This payment is %(in_words)s: only one in review can be decided.", in_words=in_words(payment.status)
            )
        )
    if payment.undecided_amount:
        raise Conflict(phrase("It was paid, and taken back since: decide who bears that."))


def _require_not_held(subject: PaymentSubject) -> None:
    """Money that is held for its order goes back by the escrow, which goes by that."""
    payment, escrow = subject.payment, subject.escrow
    if payment.status == PaymentStatus.SUCCEEDED and payment.duplicate_of_id is None:
        where = phrase(
            "Its money is in escrow %(ref)s, which is %(status)s", ref=escrow.ref, status=in_words(escrow.status)
        )
        way = phrase("Nothing of it is left to refund here.")
        if escrow.status == EscrowStatus.HELD:
            way = phrase("Refund it there: it goes back the way it came.")
        if escrow.freezes:
            way = phrase("It is frozen: the escrow's page says by what, and what ends that. Then refund it there.")
        raise Overtaken(f"{where}. {way}")


def _surplus(subject: PaymentSubject, clearing: Place, surplus: int) -> Draft:
    return Draft(
        reference=f"payment-{subject.payment.id}-surplus",
        kind=TransferKind.DEPOSIT,
        currency=subject.owed.currency,
        sides=[
            (clearing, -surplus),
            (Place(AccountKind.WALLET, subject.owed.currency, subject.order.buyer_id), surplus),
        ],
    )


def _hold(context: Context, subject: PaymentSubject, holding: Draft) -> None:
    escrow, order = subject.escrow, subject.order
    escrow.closed_at = escrow.close_reason = None
    funding.hold_drafted(context.session, escrow, holding, at=context.at, actor=context.actor)
    order.status, order.paid_at = OrderStatus.IN_PROGRESS, context.at


def _succeed(context: Context, subject: PaymentSubject, action: str, reason: str) -> None:
    session, at, payment = context.session, context.at, subject.payment
    before, after = {"status": payment.status}, {"status": str(PaymentStatus.SUCCEEDED)}
    payment.status, payment.settled_at, payment.next_check_at = PaymentStatus.SUCCEEDED, at, None
    payment.status_detail, payment.version = reason, payment.version + 1
    session.flush()
    about = ("payment", payment.id)
    trail.record(session, context.actor, action, about, at=at, reason=reason, before=before, after=after)
    events.add(session, PaymentSucceeded(), payment.id, at=at)
    _end_review(context, payment)


def _end_review(context: Context, payment: Payment) -> None:
    subject = f"payment {payment.id}"
    alerts.resolve_all(context.session, [PAYMENT_NEEDS_REVIEW, PAYMENT_COLLECTED_TWICE], [subject], context.at)
