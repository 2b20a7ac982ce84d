"""What a person may decide about a payment: accept a doubtful one, give it back, or mark one paid by hand."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money import Money
from webapp.domain.states import AccountKind, EscrowStatus, OrderStatus, PaymentStatus, TransferKind
from webapp.errors import Conflict
from webapp.models import Escrow, Order, Payment
from webapp.services import accounts, alerts, audit, events, holds, leaving, ledger, lookup, orders, refunds

_BY_HAND = "manual"
_MARKABLE = (PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.EXPIRED)
_UNPAID = (EscrowStatus.PENDING_PAYMENT, EscrowStatus.VOIDED)


def locked(session: Session, payment_id: int) -> tuple[Payment, Order, Escrow]:
    """The payment with its order and its escrow, whose row is taken first. Raises NotFound."""
    payment = lookup.by_id(session, Payment, payment_id, "payment")
    escrow = leaving.locked(session, orders.escrow_of(session, payment.order_id).id)
    payment = lookup.by_id(session, Payment, payment_id, "payment")
    return payment, orders.get(session, payment.order_id), escrow


def check_accept(payment: Payment, order: Order, escrow: Escrow) -> None:
    """Raise Conflict unless the payment can be accepted."""
    _require_review(payment)
    came = Money(payment.seen_amount or 0, payment.seen_currency or payment.currency)
    wanted = Money(payment.amount, payment.currency)
    if came.currency != wanted.currency or came.amount < wanted.amount:
        raise Conflict(f"{came} came in and {wanted} is owed: it can't be accepted. Refund it.")
    if escrow.status not in _UNPAID:
        raise Conflict(f"Order {order.ref} is paid already: its escrow is {escrow.status}. Refund this payment.")


def check_refund(payment: Payment, order: Order, escrow: Escrow) -> None:
    """Raise Conflict unless the payment can be given back to its payer."""
    _require_review(payment)
    if payment.seen_amount is None or payment.reference is None:
        raise Conflict("The provider told no amount for this payment, so there is nothing to give back.")


def check_mark_paid(payment: Payment, order: Order, escrow: Escrow) -> None:
    """Raise Conflict unless the payment can be marked paid by hand."""
    if payment.seen_amount is not None:
        raise Conflict("Its provider collected money for it. Begin another payment for what came another way.")
    if payment.status not in _MARKABLE:
        raise Conflict(f"This payment is {payment.status.replace('_', ' ')}: it can't be marked paid.")
    if escrow.status not in _UNPAID:
        raise Conflict(f"Order {order.ref} is paid already: its escrow is {escrow.status}.")


def accept(session: Session, payment_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    """Hold what came in; what came above the price goes to the buyer's wallet."""
    payment, order, escrow = locked(session, payment_id)
    check_accept(payment, order, escrow)
    _hold(session, payment, order, escrow, payment.provider, at, actor)
    surplus = (payment.seen_amount or 0) - payment.amount
    if surplus:
        _keep_surplus(session, payment, order, surplus, at)
    _settle(session, payment, PaymentStatus.SUCCEEDED, "payment.accept", payload["reason"], at, actor)
    return f"Payment {payment.reference} was accepted: {Money(payment.amount, payment.currency)} is held."


def refund(session: Session, payment_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    """Give the payer back what the provider collected, through the provider."""
    payment, order, escrow = locked(session, payment_id)
    check_refund(payment, order, escrow)
    amount = Money(payment.seen_amount or 0, payment.seen_currency or payment.currency)
    refunds.write(session, payment, order.buyer_id, amount, at=at, actor=actor)
    _settle(session, payment, PaymentStatus.FAILED, "payment.refund", payload["reason"], at, actor)
    return f"{amount} of payment {payment.reference} goes back to the payer."


def mark_paid(session: Session, payment_id: int, payload: dict[str, Any], at: datetime, actor: Actor) -> str:
    """Hold money that came in another way: its provider has nothing to give back."""
    payment, order, escrow = locked(session, payment_id)
    check_mark_paid(payment, order, escrow)
    _hold(session, payment, order, escrow, _BY_HAND, at, actor)
    payment.provider_id = None
    _settle(session, payment, PaymentStatus.SUCCEEDED, "payment.mark_paid", payload["reason"], at, actor)
    return f"Order {order.ref} was marked paid: {Money(payment.amount, payment.currency)} is held."


def _require_review(payment: Payment) -> None:
    if payment.status != PaymentStatus.NEEDS_REVIEW:
        raise Conflict(f"This payment is {payment.status.replace('_', ' ')}: only one in review can be decided.")


def _hold(
    session: Session, payment: Payment, order: Order, escrow: Escrow, owner: str, at: datetime, actor: Actor
) -> None:
    escrow.left_at = escrow.left_reason = None
    source = accounts.pool(session, AccountKind.CLEARING, payment.currency, at=at, owner=owner)
    holds.hold(session, escrow, source, at=at, actor=actor)
    order.status, order.paid_at = OrderStatus.IN_PROGRESS, at


def _keep_surplus(session: Session, payment: Payment, order: Order, surplus: int, at: datetime) -> None:
    wallet = accounts.open_account(session, AccountKind.WALLET, order.buyer_id, payment.currency, at=at)
    source = accounts.pool(session, AccountKind.CLEARING, payment.currency, at=at, owner=payment.provider)
    ledger.post(
        session,
        reference=f"payment-{payment.id}-surplus",
        kind=TransferKind.DEPOSIT,
        currency=payment.currency,
        legs=[(source, -surplus), (wallet, surplus)],
        at=at,
    )


def _settle(
    session: Session, payment: Payment, status: PaymentStatus, action: str, reason: str, at: datetime, actor: Actor
) -> None:
    before = {"status": payment.status}
    payment.status, payment.settled_at, payment.next_check_at = status, at, None
    payment.said, payment.version = reason, payment.version + 1
    session.flush()
    after = {"status": str(status)}
    audit.record(session, actor, action, ("payment", payment.id), at=at, reason=reason, before=before, after=after)
    said = {"reference": payment.reference, "amount": payment.amount, "currency": payment.currency, "said": reason}
    events.add(session, f"payment.{status}", ("payment", payment.id), said, at=at)
    alerts.resolve(session, "payment_needs_review", f"payment {payment.id}", at)
