"""Payments: attempts to collect money for an order through a provider."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.numbers import counted
from webapp.domain.outbox.event_types import PaymentCreated
from webapp.domain.state_labels import in_words
from webapp.domain.states import OrderStatus, PaymentStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Escrow, Order, Party, Payment
from webapp.models.base import BigInt
from webapp.services.audit import trail
from webapp.services.common import events, lookup
from webapp.services.common.batch_result import Outcome
from webapp.services.escrows import disbursement
from webapp.services.orders import orders
from webapp.services.payments import failures
from webapp.services.payments.failures import Failure
from webapp.settings import Settings

MOST_ATTEMPTS = 20
"""Payments that one order may have."""
MOST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True)
class ClaimedPayment:
    """A payment that a provider is asked about."""

    id: int
    provider: str
    reference: str | None
    is_settled: bool = False
    """Whether we count on its money already, or gave it up: then what of it went back is asked too."""


def get(session: Session, payment_id: int) -> Payment:
    """One payment. Raises NotFound."""
    return lookup.by_id(session, Payment, payment_id, "payment")


def locked(session: Session, payment_id: int) -> tuple[Payment, Escrow]:
    """One payment and its escrow, whose row is taken first. Raises NotFound."""
    escrow = disbursement.locked(session, orders.escrow_of(session, get(session, payment_id).order_id).id)
    return get(session, payment_id), escrow


def create(
    session: Session, order_id: int, provider: str, *, at: datetime, actor: Actor, settings: Settings
) -> Payment:
    """Write an attempt to collect an order's money, under a reference of its own, before the provider hears of it."""
    actor.require("payment:create")
    order = orders.get(session, order_id)
    disbursement.locked(session, orders.escrow_of(session, order_id).id)
    session.refresh(order)
    if order.status != OrderStatus.AWAITING_PAYMENT:
        raise Conflict(
            phrase(
                "Order %(ref)s is %(in_words)s: there is nothing to pay.",
                ref=order.ref,
                in_words=in_words(order.status),
            )
        )
    tried = session.scalars(select(func.count()).select_from(Payment).where(Payment.order_id == order_id)).one()
    if tried >= MOST_ATTEMPTS:
        raise Conflict(
            phrase(
                "Order %(ref)s has %(counted)s already. Settle those first.",
                ref=order.ref,
                counted=counted(tried, "payment"),
            )
        )
    payment = Payment(
        order_id=order_id,
        provider=provider,
        reference=f"pay-{secrets.token_hex(12)}",
        status=PaymentStatus.PENDING,
        amount=order.amount,
        currency=order.currency,
        created_at=at,
        next_check_at=at + timedelta(hours=settings.payment_verification_timeout_hours),
        checks=0,
        version=1,
    )
    session.add(payment)
    session.flush()
    details = {"order": order.ref, "provider": provider, "reference": payment.reference, "amount": order.amount}
    trail.record(session, actor, "payment.create", ("payment", payment.id), at=at, after=details)
    events.add(session, PaymentCreated(), payment.id, at=at)
    return payment


def payer_email(session: Session, payment: Payment) -> str:
    """Where the provider reaches the payer. Raises Invalid when the buyer has no address."""
    buyer = session.scalars(
        select(Party).join(Order, Order.buyer_id == Party.id).where(Order.id == payment.order_id)
    ).one()
    if not buyer.email:
        sentence = phrase("%(name)s has no email address, which the provider asks for.", name=buyer.name)
        raise Invalid(sentence, fields={"order": sentence})
    return buyer.email


def note_checkout(session: Session, payment_id: int, address: str) -> Payment:
    """Keep where the payer goes to pay."""
    changed = update(Payment).where(Payment.id == payment_id, Payment.checkout_url.is_(None))
    session.execute(changed.values(checkout_url=address).execution_options(synchronize_session=False))
    return get(session, payment_id)


def note_no_checkout(session: Session, payment_id: int, message: str, *, at: datetime, actor: Actor) -> Payment:
    """The provider refused to begin, surely without effect: this attempt failed, the order stays payable."""
    where = (Payment.id == payment_id, Payment.status == PaymentStatus.PENDING, Payment.checkout_url.is_(None))
    begun = session.scalars(select(Payment.id).where(*where).with_for_update()).all()
    failures.fail_all(session, {number: Failure(message) for number in begun}, at=at, actor=actor, reason=message)
    return get(session, payment_id)


def claim_due(
    session: Session,
    at: datetime,
    limit: int,
    lease: timedelta,
    providers: Collection[str],
    only: list[int] | None = None,
    *,
    due_by: datetime | None = None,
) -> list[ClaimedPayment]:
    """Pending payments whose time to be asked about has come, now or by an earlier instant; taken so that nobody else
    asks during the lease.
    """
    due = select(Payment.id).where(*_due(due_by or at, providers, only))
    due = due.order_by(Payment.next_check_at, Payment.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(session.scalars(due))
    return claim(session, ids, at, lease)


def count_due(session: Session, at: datetime, providers: Collection[str], only: list[int] | None = None) -> int:
    """How many of them there are, up to a million."""
    rows = select(Payment.id).where(*_due(at, providers, only)).limit(MOST_COUNTED).subquery()
    return session.scalars(select(func.count()).select_from(rows)).one()


def due_now(session: Session, at: datetime, providers: Collection[str]) -> Outcome:
    """How many payments would be asked about, and what they are worth."""
    rows = session.execute(
        select(Payment.currency, func.count(), func.sum(Payment.amount).cast(BigInt))
        .where(*_due(at, providers, None))
        .group_by(Payment.currency)
    ).all()
    return Outcome("payment", done=sum(row[1] for row in rows), amounts={row[0]: row[2] for row in rows})


def _due(at: datetime, providers: Collection[str], only: list[int] | None) -> list[ColumnElement[bool]]:
    """Those of providers that can be asked, and those that no provider knows."""
    known = or_(Payment.provider.in_(providers), Payment.reference.is_(None))
    due = [Payment.status == PaymentStatus.PENDING, Payment.next_check_at <= at, known]
    return due if only is None else [*due, Payment.id.in_(only)]


def claim(session: Session, ids: list[int], at: datetime, lease: timedelta) -> list[ClaimedPayment]:
    """Note that these are being asked about; settled ones are asked about too, for a late word of their provider."""
    if not ids:
        return []
    taken = (
        update(Payment)
        .where(Payment.id.in_(ids))
        .values(
            first_checked_at=func.coalesce(Payment.first_checked_at, at),
            last_checked_at=at,
            # No ELSE on purpose: a settled payment has no next look, and asking about it must not give it one.
            next_check_at=case((Payment.status == PaymentStatus.PENDING, at + lease)),
        )
        .returning(Payment.id, Payment.provider, Payment.reference, Payment.status != PaymentStatus.PENDING)
        .execution_options(synchronize_session=False)
    )
    return [ClaimedPayment(*row) for row in session.execute(taken)]


def require_verifiable(session: Session, payment_id: int, actor: Actor) -> Payment:
    """The payment, if its provider may be asked about it. Raises Conflict when there is nothing to ask."""
    actor.require("payment:verify")
    payment = get(session, payment_id)
    if payment.reference is None:
        raise Conflict(phrase("This payment has no reference, so no provider can be asked about it."))
    return payment
