"""What the rows of a subject say in an event: read in one place, so that the path to an event changes no field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import join, outerjoin

from webapp.domain.outbox import event_types
from webapp.domain.outbox.event_types import Facts, is_optional
from webapp.models import (
    Account,
    Alert,
    Approval,
    Dispute,
    Escrow,
    Order,
    Party,
    Payment,
    Payout,
    PayoutSchedule,
    Refund,
    Subscription,
    Tenant,
    Transfer,
)
from webapp.models.base import Instant
from webapp.sql import Column, iso_text, shared_alias

_BUYER, _SELLER = shared_alias(Party), shared_alias(Party)


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts are read: the rows, what they are chosen by, and the columns by the names of the facts."""

    rows: Any
    key: Column
    columns: Mapping[str, Column]
    subject_id: Column | None = None
    """The subject, when it is not what the rows are chosen by."""


def source_of(facts: type[Facts]) -> Source:
    """Where these facts are read. Raises LookupError for facts that nobody reads."""
    for kind in facts.__mro__:
        if kind in SOURCES:
            return SOURCES[kind]
    raise LookupError(f"{facts.__name__} has no rows in SOURCES")


def columns_of(on_sqlite: bool, facts: type[Facts]) -> dict[str, Column]:
    """The columns of these facts, as JSON takes them. Raises LookupError for a fact that its rows don't tell."""
    known = source_of(facts).columns
    missing = set(facts.model_fields) - set(known)
    if missing:
        raise LookupError(f"{facts.__name__} has {sorted(missing)}, which its rows do not tell")
    return {name: _plain(on_sqlite, known[name]) for name in facts.model_fields}


def are_there(facts: type[Facts]) -> list[Column]:
    """That what every such event tells is not missing from its rows."""
    known = source_of(facts).columns
    return [known[name].is_not(None) for name, field in facts.model_fields.items() if not is_optional(field)]


def _plain(on_sqlite: bool, column: Column) -> Column:
    return iso_text(on_sqlite, column) if isinstance(column.type, Instant) else column


def _between(of: Any, *others: tuple[Any, Any]) -> Any:
    """The rows of an order or escrow with its two parties, and others beside them."""
    rows = join(of, _BUYER, _BUYER.id == of.buyer_id).join(_SELLER, _SELLER.id == of.seller_id)
    for other, on in others:
        rows = rows.join(other, on)
    return rows


def _money(of: Any) -> dict[str, Column]:
    return {"amount": of.amount, "currency": of.currency}


_SIDES: dict[str, Column] = {"buyer": _BUYER.ref, "seller": _SELLER.ref}
_OF_ESCROW = {"escrow": Escrow.ref, "order": Order.ref, **_SIDES, **_money(Escrow)}

SOURCES: dict[type[Facts], Source] = {
    event_types.OrderFacts: Source(_between(Order), Order.id, {"order": Order.ref, **_SIDES, **_money(Order)}),
    event_types.EscrowFacts: Source(
        _between(Escrow, (Order, Order.id == Escrow.order_id)),
        Escrow.id,
        {**_OF_ESCROW, "fee": Escrow.fee, "reason": Escrow.close_reason},
    ),
    event_types.PaymentFacts: Source(
        _between(Order, (Payment, Payment.order_id == Order.id)),
        Payment.id,
        {
            "payment": Payment.reference,
            "provider": Payment.provider,
            "order": Order.ref,
            **_SIDES,
            **_money(Payment),
            "status_detail": Payment.status_detail,
        },
    ),
    event_types.RefundFacts: Source(
        join(Refund, Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .join(Party, Party.id == Refund.party_id),
        Refund.id,
        {
            "payment": Payment.reference,
            "provider": Refund.provider,
            "order": Order.ref,
            "party": Party.ref,
            **_money(Refund),
            "status_detail": Refund.status_detail,
        },
    ),
    event_types.DisputeFacts: Source(
        _between(Escrow, (Order, Order.id == Escrow.order_id), (Dispute, Dispute.escrow_id == Escrow.id)),
        Dispute.id,
        {
            "dispute": Dispute.ref,
            "kind": Dispute.kind,
            "claimant": Dispute.claimant,
            "reason_code": Dispute.reason_code,
            "due_at": Dispute.due_at,
            **_OF_ESCROW,
        },
    ),
    event_types.PayoutFacts: Source(
        outerjoin(Payout, PayoutSchedule, PayoutSchedule.id == Payout.schedule_id).join(
            Party, Party.id == Payout.party_id
        ),
        Payout.id,
        {
            "payout": Payout.ref,
            "schedule": PayoutSchedule.ref,
            "provider": Payout.provider,
            "party": Party.ref,
            **_money(Payout),
            "status_detail": Payout.status_detail,
        },
    ),
    event_types.PayoutScheduleFacts: Source(
        join(PayoutSchedule, Party, Party.id == PayoutSchedule.party_id),
        PayoutSchedule.id,
        {
            "schedule": PayoutSchedule.ref,
            "party": Party.ref,
            **_money(PayoutSchedule),
            "due_at": PayoutSchedule.due_at,
        },
    ),
    event_types.PartyFacts: Source(Party, Party.id, {"party": Party.ref}),
    event_types.WalletFacts: Source(
        join(Account, Party, Party.id == Account.party_id),
        Account.id,
        {"party": Party.ref, "currency": Account.currency},
        subject_id=Party.id,
    ),
    event_types.SubscriptionFacts: Source(
        join(Subscription, Tenant, Tenant.id == Subscription.tenant_id),
        Subscription.id,
        {"tenant": Tenant.ref, "status": Subscription.status, "expire_date": Subscription.expire_date},
    ),
    event_types.TransferFacts: Source(
        outerjoin(Transfer, Escrow, Escrow.id == Transfer.escrow_id),
        Transfer.id,
        {"transfer": Transfer.reference, "kind": Transfer.kind, "escrow": Escrow.ref, **_money(Transfer)},
    ),
    event_types.ApprovalFacts: Source(
        outerjoin(Approval, Escrow, Escrow.id == Approval.escrow_id),
        Approval.id,
        {"approval": Approval.id, "action": Approval.action, "escrow": Escrow.ref, **_money(Approval)},
    ),
    event_types.AlertFacts: Source(
        Alert,
        Alert.id,
        {
            "alert": Alert.id,
            "rule": Alert.rule,
            "subject": Alert.subject,
            "severity": Alert.severity,
            "sentence": Alert.sentence,
        },
    ),
}
"""Where each kind of facts is read."""
