"""Why a party can't be forgotten yet: money, claims and messages that need to know who it is."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.states import (
    CLOSED_DISPUTES,
    UNSETTLED_PAYOUTS,
    AccountKind,
    ApprovalStatus,
    ChargebackStatus,
    EscrowStatus,
    InboundWebhookStatus,
    OrderStatus,
    PaymentStatus,
    RefundStatus,
    ScheduleStatus,
)
from webapp.domain.words import message, phrase
from webapp.models import (
    Account,
    Approval,
    Chargeback,
    Dispute,
    Escrow,
    InboundWebhook,
    Order,
    Payment,
    Payout,
    PayoutSchedule,
    Refund,
)
from webapp.services.data_protection.linked_rows import LinkedRows

_SHOWN = 3


def refusals(session: Session, party_id: int) -> Iterator[str]:
    """Sentences, each with what ends it; none when nothing stands in the way.

    Accounts are asked last: what leaves an escrow between two questions is found in one of them.
    """
    for query, sentence in _unfinished(LinkedRows(party_id)):
        found = session.scalars(query.limit(_SHOWN + 1)).all()
        if found:
            shown = ", ".join(str(each) for each in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
            yield phrase(sentence, which=shown)
    yield from _money(session, party_id)


def _money(session: Session, party_id: int) -> Iterator[str]:
    mine = select(Account).where(Account.party_id == party_id, Account.balance != 0)
    for account in session.scalars(mine.order_by(Account.currency, Account.kind)):
        amount = Money(abs(account.balance), account.currency)
        if account.kind == AccountKind.RECEIVABLE:
            yield phrase("It owes %(amount)s: the debt is repaid or written off first.", amount=amount)
        elif account.kind == AccountKind.PENDING:
            yield phrase("%(amount)s of its earnings are pending: they are released first.", amount=amount)
        else:
            yield phrase("Its wallet holds %(amount)s: that is paid out first.", amount=amount)


def _unfinished(mine: LinkedRows) -> Iterator[tuple[Select[Any], str]]:
    """What is asked, and the sentence when something is found."""
    held = (EscrowStatus.HELD, EscrowStatus.PENDING_PAYMENT)
    yield (
        select(Escrow.ref).where(Escrow.id.in_(mine.escrows), Escrow.status.in_(held)).order_by(Escrow.id),
        message("Money is held, or to be paid, in escrow %(which)s: it is released, refunded or voided first."),
    )
    yield (
        select(Order.ref).where(Order.id.in_(mine.orders), Order.status == OrderStatus.AWAITING_PAYMENT),
        message("Order %(which)s awaits payment: it is paid or cancelled first."),
    )
    yield (
        select(Dispute.ref).where(Dispute.id.in_(mine.disputes), Dispute.status.not_in(CLOSED_DISPUTES)),
        message("Dispute %(which)s is open: it is decided or withdrawn first."),
    )
    yield (
        select(Approval.id).where(Approval.id.in_(mine.approvals), Approval.status == ApprovalStatus.PROPOSED),
        message("Approval %(which)s waits for a second person: it is decided first."),
    )
    yield from _at_providers(mine)


def _at_providers(mine: LinkedRows) -> Iterator[tuple[Select[Any], str]]:
    unsure = (PaymentStatus.PENDING, PaymentStatus.NEEDS_REVIEW)
    yield (
        select(Payment.id).where(Payment.id.in_(mine.payments), Payment.status.in_(unsure)),
        message("Payment %(which)s is pending or in review: it is settled first."),
    )
    ended = (RefundStatus.PROCESSED, RefundStatus.SETTLED_OTHERWISE)
    yield (
        select(Refund.id).where(Refund.id.in_(mine.refunds), Refund.status.not_in(ended)),
        message("Refund %(which)s is on its way, or failed: its payer has the money first."),
    )
    yield (
        select(Chargeback.number).where(
            Chargeback.id.in_(mine.chargebacks), Chargeback.status == ChargebackStatus.OPEN
        ),
        message("Chargeback %(which)s is open at its bank: it ends first."),
    )
    moving = or_(
        Payout.status.in_(UNSETTLED_PAYOUTS), Payout.recheck_at.is_not(None), Payout.paid_after_all_at.is_not(None)
    )
    yield (
        select(Payout.ref).where(Payout.id.in_(mine.payouts), moving),
        message("Payout %(which)s is on its way, or may come back still: it is settled first."),
    )
    planned = (ScheduleStatus.PENDING, ScheduleStatus.PROCESSING)
    yield (
        select(PayoutSchedule.ref).where(PayoutSchedule.id.in_(mine.schedules), PayoutSchedule.status.in_(planned)),
        message("Payout schedule %(which)s is planned: it is paid or cancelled first."),
    )
    about = InboundWebhook.reference.in_(provider_references(mine))
    yield (
        select(InboundWebhook.id).where(InboundWebhook.status == InboundWebhookStatus.RECEIVED, about),
        message("Inbound webhook %(which)s about its payments waits to be handled: that takes a minute."),
    )


def provider_references(mine: LinkedRows) -> Any:
    """The references under which providers tell of its payments and payouts."""
    payments = select(Payment.reference).where(Payment.id.in_(mine.payments), Payment.reference.is_not(None))
    return payments.union_all(select(Payout.ref).where(Payout.id.in_(mine.payouts)))
