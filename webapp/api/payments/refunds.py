"""A payment's refund over HTTP: how it stands, and what a person says became of one in doubt."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Id, Instant, LongText, Money, RequestModel, ResponseModel, ShortText, Version
from webapp.errors import NotFound
from webapp.models import Refund
from webapp.services.payments import payments
from webapp.services.refunds import decisions as refund_decisions
from webapp.services.refunds import refunds
from webapp.services.refunds.decisions import Choice, RefundChoice

endpoints = Endpoints("payments")


class RefundRowShape(ResponseModel):
    """One of the payment's refunds at its provider, whoever made it."""

    id: str
    amount: Money
    provider_status: str
    created_at: str | None


class RefundShape(ResponseModel):
    """Money that goes back through the provider that it came from. `rows` are those that may be it, while in review."""

    id: Id
    payment: Id
    provider: str
    provider_id: str | None
    amount: Money
    status: str
    status_detail: str | None
    times_sent: int
    first_sent_at: Instant | None
    last_sent_at: Instant | None
    settled_at: Instant | None
    rows: list[RefundRowShape]
    version: int


class DecideRefund(RequestModel):
    """What became of it, and how you know."""

    choice: Annotated[
        Choice, Field(description="`ours`: one of the rows; `none`: none is; `wallet`: the payer has none of it.")
    ]
    number: Annotated[ShortText, Field(description="The provider's number of the row that is ours.")] | None = None
    reason: LongText
    version: Version = None


class SettleRefund(RequestModel):
    """How the payer got the money."""

    reason: LongText
    version: Version = None


@endpoints.get("/api/v1/payments/<id:payment_id>/refund", "payment:read")
def get_refund(call: Call, payment_id: int) -> RefundShape:
    """The payment's refund."""
    return _shape(_known(call, payment_id))


@endpoints.post("/api/v1/payments/<id:payment_id>/refund-decision", "money:approve")
def decide_refund(call: Call, payment_id: int, body: DecideRefund) -> RefundShape:
    """Say what became of a refund in review. Like an approval it takes a person: tokens may not."""
    choice, version = (
        RefundChoice(body.choice, body.reason, body.number or ""),
        _version(call, payment_id, body.version),
    )
    found = refund_decisions.decide(call.session, payment_id, choice, version=version, at=call.at, actor=call.actor)
    return _shape(found)


@endpoints.post("/api/v1/payments/<id:payment_id>/refund-settled", "money:approve")
def settle_refund(call: Call, payment_id: int, body: SettleRefund) -> RefundShape:
    """Say how the payer got what a failed refund did not bring, or one in review. No money moves; tokens may not."""
    version = _version(call, payment_id, body.version)
    found = refunds.settle_otherwise(
        call.session, payment_id, body.reason, version=version, at=call.at, actor=call.actor
    )
    return _shape(found)


def _version(call: Call, payment_id: int, requested: int | None) -> int:
    return _known(call, payment_id).version if requested is None else requested


def _known(call: Call, payment_id: int) -> Refund:
    found = refunds.of_payment(call.session, payments.get(call.session, payment_id).id)
    if found is None:
        raise NotFound("This payment has no refund.")
    return found


def _shape(refund: Refund) -> RefundShape:
    rows = [
        RefundRowShape(
            id=str(row["id"]),
            amount=Money(amount=row["amount"], currency=row["currency"]),
            provider_status=row["provider_status"],
            created_at=row["created_at"],
        )
        for row in refund.rows or ()
    ]
    return RefundShape(
        id=refund.id,
        payment=refund.payment_id,
        provider=refund.provider,
        provider_id=refund.provider_id,
        amount=Money(amount=refund.amount, currency=refund.currency),
        status=refund.status,
        status_detail=refund.status_detail,
        times_sent=refund.times_sent,
        first_sent_at=refund.first_sent_at,
        last_sent_at=refund.last_sent_at,
        settled_at=refund.settled_at,
        rows=rows,
        version=refund.version,
    )
