"""What of the demo went outside, and what came of it: payments, payouts, webhooks, messages."""

from typing import Any

from sqlalchemy import Delete, Select, delete, or_, select

from webapp.demo.seed.context import DEMO
from webapp.demo.seed.live_payments import MARKER
from webapp.models import (
    Chargeback,
    Delivery,
    Discrepancy,
    InboundWebhook,
    Order,
    Party,
    Payment,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Refund,
    StoredSetting,
    WebhookEndpoint,
)

_PARTIES = select(Party.id).where(Party.demo)
_ORDERS = select(Order.id).where(Order.buyer_id.in_(_PARTIES) | Order.seller_id.in_(_PARTIES))
_PAYMENTS = select(Payment.id).where(Payment.order_id.in_(_ORDERS))
_PAYOUTS = select(Payout.id).where(Payout.party_id.in_(_PARTIES))
_ENDPOINTS = select(WebhookEndpoint.id).where(WebhookEndpoint.created_by == DEMO.name)

SUBJECTS: dict[str, Select[Any]] = {
    "payment": _PAYMENTS,
    "refund": select(Refund.id).where(Refund.payment_id.in_(_PAYMENTS)),
    "payout": _PAYOUTS,
    "payout_schedule": select(PayoutSchedule.id).where(PayoutSchedule.party_id.in_(_PARTIES)),
    "endpoint": _ENDPOINTS,
}
"""The demo's things of these kinds."""


def of_subjects(model: Any, subjects: dict[str, Select[Any]]) -> list[Delete]:
    """Rows about these things."""
    return [
        delete(model).where(model.subject_kind == kind, model.subject_id.in_(ids)) for kind, ids in subjects.items()
    ]


def deletions(subjects: dict[str, Select[Any]]) -> list[Delete]:
    """All of it. `subjects` are all the demo's things."""
    references = (
        select(Payment.reference).where(Payment.order_id.in_(_ORDERS)),
        select(Payout.ref).where(Payout.party_id.in_(_PARTIES)),
    )
    return [
        *of_subjects(Delivery, subjects),
        delete(Delivery).where(Delivery.endpoint_id.in_(_ENDPOINTS)),
        *of_subjects(Discrepancy, subjects),
        delete(InboundWebhook).where(or_(*(InboundWebhook.reference.in_(some) for some in references))),
        delete(Chargeback).where(Chargeback.payment_id.in_(_PAYMENTS)),
        delete(Refund).where(Refund.payment_id.in_(_PAYMENTS)),
        delete(Payout).where(Payout.party_id.in_(_PARTIES)),
        delete(PayoutSchedule).where(PayoutSchedule.party_id.in_(_PARTIES)),
        delete(PayoutDestination).where(PayoutDestination.party_id.in_(_PARTIES)),
        delete(WebhookEndpoint).where(WebhookEndpoint.created_by == DEMO.name),
        delete(StoredSetting).where(StoredSetting.name == MARKER),
    ]
