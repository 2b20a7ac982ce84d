"""What a person decides about money that was collected besides a payment: whose it is."""

from webapp.domain.alert_definitions import PAYMENT_COLLECTED_TWICE
from webapp.domain.outbox.event_types import PaymentDecided
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PaymentStatus, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Payment
from webapp.services.alerts import alerts
from webapp.services.approvals.executors import Context, Payload, Posting, executor
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.ledger import transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft
from webapp.services.payments import duplicates
from webapp.services.payments.executors import BY_HAND, PaymentSubject, posting_of, read_payment
from webapp.services.payments.failures import Failure, fail_all


class KeepPayment(Payload):
    """The buyer keeps it, in the wallet."""


class SameMoneyPayment(Payload):
    """It is the money of the payment that was marked paid by hand: only its place is another."""


@executor("payment.keep", KeepPayment, read=read_payment)
def keep_payment(context: Context, subject: PaymentSubject, decision: KeepPayment) -> Posting:
    """From the provider's account into the buyer's wallet."""
    check_keep(subject)
    payment, came = subject.payment, subject.collected
    wallet = Place(AccountKind.WALLET, came.currency, subject.order.buyer_id)
    draft = Draft(
        reference=f"payment-{payment.id}-keep",
        kind=TransferKind.DEPOSIT,
        currency=came.currency,
        sides=[(_clearing(payment, payment.provider), -came.amount), (wallet, came.amount)],
    )

    def post() -> None:
        transfers.write(context.session, [draft], at=context.at)
        payment.status, payment.settled_at, payment.version = PaymentStatus.SUCCEEDED, context.at, payment.version + 1
        payment.status_detail = decision.reason
        context.session.flush()
        _decided(context, payment, "payment.keep", decision.reason)

    sentence = phrase(
        "%(came)s that was collected twice for order %(ref)s goes into the buyer's wallet",
        came=came,
        ref=subject.order.ref,
    )
    return posting_of(context, subject, sentence, [draft], post)


@executor("payment.same_money", SameMoneyPayment, read=read_payment)
def same_money(context: Context, subject: PaymentSubject, decision: SameMoneyPayment) -> Posting:
    """It is with the provider, not with us in another way: one clearing account for the other."""
    check_same_money(subject)
    payment, came = subject.payment, subject.collected
    first = _same(subject)
    draft = Draft(
        reference=f"payment-{payment.id}-same-money",
        kind=TransferKind.DEPOSIT,
        currency=came.currency,
        sides=[(_clearing(payment, payment.provider), -came.amount), (_clearing(payment, BY_HAND), came.amount)],
    )

    def post() -> None:
        transfers.write(context.session, [draft], at=context.at)
        event = PaymentDecided(decision="same_money", reason=decision.reason)
        failure = {
            payment.id: Failure(
                phrase(
                    "It is the money of payment %(reference)s: %(reason)s",
                    reference=first.reference,
                    reason=decision.reason,
                )
            )
        }
        fail_all(context.session, failure, at=context.at, actor=context.actor, action="payment.same_money", event=event)
        first.provider_id, first.version = payment.provider_id, first.version + 1
        context.session.flush()
        about = ("payment", first.id)
        after = {"provider_id": payment.provider_id}
        trail.record(
            context.session,
            context.actor,
            "payment.same_money",
            about,
            at=context.at,
            reason=decision.reason,
            before={"provider_id": None},
            after=after,
        )
        alerts.resolve(context.session, PAYMENT_COLLECTED_TWICE, f"payment {payment.id}", context.at)

    sentence = phrase(
        "%(came)s of %(provider)s is the money of payment %(reference)s, which was marked paid by hand",
        came=came,
        provider=payment.provider,
        reference=first.reference,
    )
    return posting_of(context, subject, sentence, [draft], post)


def check_keep(subject: PaymentSubject) -> None:
    """Raise Conflict unless it was collected besides another payment, and nobody has decided."""
    payment = subject.payment
    if payment.duplicate_of_id is None:
        raise Conflict(phrase("It was not collected besides another payment."))
    if payment.status != PaymentStatus.NEEDS_REVIEW or payment.taken_back_amount:
        raise Overtaken(
            phrase(
                "This payment is %(in_words)s: nothing of it waits to be given to anybody.",
                in_words=in_words(payment.status),
            )
        )


def check_same_money(subject: PaymentSubject) -> None:
    """Raise Conflict unless it may be the money of a payment that was marked paid by hand."""
    check_keep(subject)
    if subject.first is None or not duplicates.is_by_hand(subject.first):
        raise Conflict(phrase("The payment besides which it was collected was not marked paid by hand."))


def _same(subject: PaymentSubject) -> Payment:
    """The payment that was marked paid by hand. Raises Conflict when it has another sum."""
    payment, first = subject.payment, subject.first
    assert first is not None
    if (first.amount, first.currency) != (payment.provider_amount, payment.provider_currency):
        raise Conflict(phrase("Its sum is another than what was marked paid, so it is not the same money."))
    return first


def _clearing(payment: Payment, owner: str) -> Place:
    return Place(AccountKind.CLEARING, payment.provider_currency or payment.currency, owner=owner)


def _decided(context: Context, payment: Payment, action: str, reason: str) -> None:
    session, about = context.session, ("payment", payment.id)
    before, after = {"status": str(PaymentStatus.NEEDS_REVIEW)}, {"status": payment.status}
    trail.record(session, context.actor, action, about, at=context.at, reason=reason, before=before, after=after)
    events.add(session, PaymentDecided(decision=action.rpartition(".")[2], reason=reason), payment.id, at=context.at)
    alerts.resolve(session, PAYMENT_COLLECTED_TWICE, f"payment {payment.id}", context.at)
