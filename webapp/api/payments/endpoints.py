"""Payments over HTTP. What asks a provider is done after the transaction, never inside it."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Instant,
    LongText,
    Money,
    NewestFirst,
    Page,
    RequestModel,
    ResponseModel,
    ShortText,
    Version,
    to_page,
)
from webapp.domain.actors import Actor
from webapp.domain.states import PaymentStatus
from webapp.jobs.steps import start_checkout, verify_payments
from webapp.models import Chargeback, Order, Payment
from webapp.runtime import Runtime
from webapp.services.common.lookup import by_id
from webapp.services.orders import orders
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments
from webapp.services.payments.chargebacks import chargebacks

endpoints = Endpoints("payments")


class ChargebackShape(ResponseModel):
    """A dispute of the payer's bank about a payment. `amount` is what it wants back, or took."""

    number: str
    status: str
    amount: Money
    due_at: Instant | None


class PaymentShape(ResponseModel):
    """One attempt to collect money for an order. `seen` is what the provider collected, when that is in doubt."""

    id: int
    order: str
    provider: str
    reference: str | None
    status: str
    amount: Money
    seen: Money | None
    payer_fee: Annotated[Money | None, Field(description="What its payer paid on top, for the provider's fee.")]
    taken_back: Annotated[Money | None, Field(description="What is gone of it that no refund of the desk explains.")]
    undecided: Annotated[
        Money | None,
        Field(description="What of that waits for a decision; negative when some that was decided came back."),
    ]
    chargebacks: Annotated[list[ChargebackShape], Field(description="Of the payer's bank, newest first, at most 20.")]
    duplicate_of_id: Annotated[
        int | None, Field(description="The payment besides which its provider collected this one, if it did.")
    ]
    checkout_url: str | None
    status_detail: str | None
    created_at: Instant
    next_check_at: Instant | None
    paid_at: Annotated[Instant | None, Field(description="When it was paid, by its provider.")]
    settled_at: Instant | None
    version: int


class PaymentDecision(Decision):
    """What came of it, and the payment as it is now."""

    payment: PaymentShape


class NewPayment(RequestModel):
    """For which order, through which provider."""

    order: Annotated[ShortText, Field(description="The order's reference.")]
    provider: Annotated[ShortText, Field(max_length=40, examples=["paystack"])]


class PaymentsQuery(NewestFirst):
    """Which payments."""

    status: PaymentStatus | None = None
    provider: ShortText | None = None
    reference: ShortText | None = None
    order: ShortText | None = None


class DecidePayment(RequestModel):
    """Why."""

    reason: LongText
    version: Version = None


def shape_of(payment: Payment, order_ref: str, banks: Sequence[Chargeback] = ()) -> PaymentShape:
    """A payment as the API gives it."""
    fields = {name: getattr(payment, name) for name in PaymentShape.model_fields if hasattr(payment, name)}
    seen = payment.provider_amount is not None and payment.provider_currency is not None
    doubtful = Money(amount=payment.provider_amount or 0, currency=payment.provider_currency or "") if seen else None
    amount = Money(amount=payment.amount, currency=payment.currency)
    sums = {"taken_back": payment.taken_back_amount, "undecided": payment.undecided_amount}
    sums["payer_fee"] = payment.payer_fee
    gone = {name: Money(amount=sum, currency=payment.currency) if sum else None for name, sum in sums.items()}
    charged = [_charged(each) for each in banks]
    facts = {"order": order_ref, "amount": amount, "seen": doubtful, "chargebacks": charged}
    return PaymentShape(**fields | facts | gone)


def _charged(bank: Chargeback) -> ChargebackShape:
    amount = Money(amount=bank.amount, currency=bank.currency)
    return ChargebackShape(number=bank.number, status=bank.status, amount=amount, due_at=bank.due_at)


def _one(call_session: Any, payment: Payment) -> PaymentShape:
    banks = chargebacks.of_payment(call_session, payment.id)
    return shape_of(payment, by_id(call_session, Order, payment.order_id, "order").ref, banks)


def _shown(runtime: Runtime, payment: Payment) -> PaymentShape:
    with runtime.db.reading() as session:
        return _one(session, payments.get(session, payment.id))


def _begin(runtime: Runtime, actor: Actor, answer: PaymentShape) -> PaymentShape:
    return _shown(runtime, start_checkout.begin(runtime, answer.id, actor))


def _verify(runtime: Runtime, actor: Actor, answer: PaymentShape) -> PaymentShape:
    return _shown(runtime, verify_payments.verify_now(runtime, answer.id, actor))


@endpoints.post("/api/v1/payments", "payment:create", status=201, location="/api/v1/payments/{id}", post_commit=_begin)
def create_payment(call: Call, body: NewPayment) -> PaymentShape:
    """Start the provider's checkout for an unpaid order; send the payer to `checkout_url`."""
    call.runtime.providers.collector(body.provider)
    order = orders.by_ref(call.session, body.order)
    payment = payments.create(
        call.session, order.id, body.provider, at=call.at, actor=call.actor, settings=call.runtime.settings
    )
    payments.payer_email(call.session, payment)
    return shape_of(payment, order.ref)


@endpoints.get("/api/v1/payments", "payment:read")
def list_payments(call: Call, query: PaymentsQuery) -> Page[PaymentShape]:
    """Payments, newest first."""
    order_id = orders.by_ref(call.session, query.order).id if query.order else None
    wanted = {
        Payment.status: query.status,
        Payment.provider: query.provider,
        Payment.reference: query.reference,
        Payment.order_id: order_id,
    }
    rows = newest_first(call.session, Payment, query, wanted)
    refs = orders.refs_of(call.session, [row.order_id for row in rows])
    banks = chargebacks.of_payments(call.session, [row.id for row in rows])
    return to_page(rows, query, lambda row: shape_of(row, refs[row.order_id], banks.get(row.id, ())))


@endpoints.get("/api/v1/payments/<id:payment_id>", "payment:read")
def get_payment(call: Call, payment_id: int) -> PaymentShape:
    """One payment."""
    return _one(call.session, payments.get(call.session, payment_id))


@endpoints.post("/api/v1/payments/<id:payment_id>/verify", "payment:verify", post_commit=_verify)
def verify_payment(call: Call, payment_id: int) -> PaymentShape:
    """Ask its provider now, and do what the answer means."""
    return _one(call.session, payments.require_verifiable(call.session, payment_id, call.actor))


@endpoints.post("/api/v1/payments/<id:payment_id>/accept", "money:propose")
def accept_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Accept a payment in review; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.accept")


@endpoints.post("/api/v1/payments/<id:payment_id>/refund", "money:propose")
def refund_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Give a payment in review back to its payer; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.refund")


@endpoints.post("/api/v1/payments/<id:payment_id>/mark-paid", "money:propose")
def mark_payment_paid(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Say that the money came in another way; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.mark_paid")


@endpoints.post("/api/v1/payments/<id:payment_id>/write-off", "money:propose")
def write_off_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Let the platform bear what was taken back of it; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.write_off")


@endpoints.post("/api/v1/payments/<id:payment_id>/claw-back", "money:propose")
def claw_back_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Take what was taken back from the escrow, else from whom the money went to; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.claw_back")


@endpoints.post("/api/v1/payments/<id:payment_id>/refund-rest", "money:propose")
def refund_rest_of_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Refund what is left of it to the buyer, who has a part back already; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.refund_rest")


@endpoints.post("/api/v1/payments/<id:payment_id>/give-again", "money:propose")
def give_payment_again(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Give what came back to whoever bore it; above the limit it is proposed.

    An escrow that the taking alone had ended is held again, frozen.
    """
    return _decided(call, payment_id, body, "payment.give_again")


@endpoints.post("/api/v1/payments/<id:payment_id>/keep", "money:propose")
def keep_payment(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Put what was collected besides another payment into the buyer's wallet; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.keep")


@endpoints.post("/api/v1/payments/<id:payment_id>/same-money", "money:propose")
def call_payment_the_same_money(call: Call, payment_id: int, body: DecidePayment) -> PaymentDecision:
    """Say that it is the money of a payment that was marked paid by hand; above the limit it is proposed."""
    return _decided(call, payment_id, body, "payment.same_money")


def _decided(call: Call, payment_id: int, body: DecidePayment, action: str) -> PaymentDecision:
    version = payments.get(call.session, payment_id).version if body.version is None else body.version
    came = payment_decisions.decide(
        call.session,
        action,
        payment_id,
        body.reason,
        version=version,
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    payment = _one(call.session, payments.get(call.session, payment_id))
    return PaymentDecision(**dict(decision(came)), payment=payment)
