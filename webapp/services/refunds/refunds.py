"""Refunds: money that goes back through the provider it came from. Written first, looked for, then sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import REFUND_FAILED, REFUND_NEEDS_PERSON
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import RefundCreated
from webapp.domain.payments.duplicate_payments import duplicate_reference
from webapp.domain.payments.refund_matching import Wanted
from webapp.domain.providers.fencing import Claim
from webapp.domain.providers.idempotency_keys import refund_key
from webapp.domain.state_labels import in_words
from webapp.domain.states import ChargebackStatus, RefundStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Chargeback, Payment, Refund
from webapp.providers import catalogue
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.sql import lock

THERE = "exists"
"""How an attempt was answered that the provider refused since money of the payment went back already."""


@dataclass(frozen=True, slots=True)
class ClaimedRefund:
    """A refund that a provider is spoken to about. `may_send` is False when it may have been sent before."""

    id: int
    provider: str
    reference: str
    amount: int
    currency: str
    payment_id: int
    may_send: bool
    claim: Claim
    key: str
    """The same for every attempt at it, also of a copy of this desk, and nothing else's."""
    provider_id: str | None = None
    """The provider's own of the refund, once it has told it."""
    wanted: Wanted | None = None


def write(session: Session, payment: Payment, party_id: int, amount: Money, *, at: datetime, actor: Actor) -> Refund:
    """Write that a payment is to be given back; it is sent after the transaction. At most one per payment.

    Raises Conflict unless that may be.
    """
    require_none_yet(session, payment)
    refund = Refund(
        payment_id=payment.id,
        party_id=party_id,
        provider=payment.provider,
        amount=amount.amount,
        currency=amount.currency,
        status=RefundStatus.WAITING,
        attempts=0,
        next_try_at=at,
        created_at=at,
        version=1,
    )
    session.add(refund)
    session.flush()
    details = {"payment": payment.reference, "amount": amount.amount, "currency": amount.currency}
    trail.record(session, actor, "refund.create", ("refund", refund.id), at=at, after=details)
    events.add(session, RefundCreated(), refund.id, at=at)
    return refund


def require_none_yet(session: Session, payment: Payment) -> None:
    """Raise Conflict when a payment has a refund, and while the payer's bank wants it back: it would be paid twice."""
    if of_payment(session, payment.id) is not None:
        raise Conflict(
            phrase(
                "Payment %(reference)s has a refund already: a payment is given back once.", reference=payment.reference
            )
        )
    if banks := session.scalars(_open_at_bank().where(Chargeback.payment_id == payment.id)).first():
        where = phrase(
            "Chargeback %(number)s on payment %(reference)s is open at %(provider)s",
            number=banks.number,
            reference=payment.reference,
            provider=banks.provider,
        )
        raise Conflict(
            phrase(
                "%(where)s: a refund besides would pay the buyer twice. Wait for its end, or accept it there.",
                where=where,
            )
        )


def of_payment(session: Session, payment_id: int) -> Refund | None:
    """The refund of a payment, if there is one."""
    found = select(Refund).where(Refund.payment_id == payment_id).execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


def settle_otherwise(
    session: Session, payment_id: int, reason: str, *, version: int, at: datetime, actor: Actor
) -> Refund:
    """Say how the payer got what a failed refund did not bring, or one in review, which ends its alert. No money moves.

    It ends what the desk owes, so it takes whoever may approve. Raises Overtaken unless it is so still.
    """
    actor.require("money:approve")
    reason = validation.require_text(reason, "reason", phrase("Say how the payer got the money."))
    lock(session, Refund, list(session.scalars(select(Refund.id).where(Refund.payment_id == payment_id))))
    refund = require_unsettled(of_payment(session, payment_id))
    lookup.require_version(refund, version, "refund")
    before = {"status": refund.status, "status_detail": refund.status_detail}
    refund.status, refund.status_detail, refund.version = RefundStatus.SETTLED_OTHERWISE, reason, refund.version + 1
    session.flush()
    after, about = {"status": refund.status}, ("refund", refund.id)
    trail.record(session, actor, "refund.settle_otherwise", about, at=at, reason=reason, before=before, after=after)
    alerts.resolve_all(session, [REFUND_FAILED, REFUND_NEEDS_PERSON], [f"refund {refund.id}"], at)
    return refund


def require_unsettled(refund: Refund | None) -> Refund:
    """The refund. Raises Conflict unless it failed, or is in review, and nobody has seen to it yet."""
    if refund is None:
        raise Conflict(phrase("This payment has no refund."))
    if refund.status not in (RefundStatus.FAILED, RefundStatus.NEEDS_REVIEW):
        raise Overtaken(
            phrase(
                "The refund is %(in_words)s: only one that failed or is in review can be settled otherwise.",
                in_words=in_words(refund.status),
            )
        )
    return refund


def claim_due(
    session: Session, at: datetime, limit: int, lease: timedelta, *, due_by: datetime | None = None
) -> list[ClaimedRefund]:
    """Refunds whose time has come, now or by an earlier instant, marked as being sent, so that a killed process leaves
    the doubt on record.
    """
    due = select(Refund).where(*_due(due_by or at))
    due = due.order_by(Refund.next_try_at, Refund.id).limit(limit).with_for_update(skip_locked=True)
    taken = []
    for refund in session.scalars(due).all():
        payment = session.get_one(Payment, refund.payment_id)
        may_send = refund.status == RefundStatus.WAITING
        if may_send:
            refund.status, refund.times_sent = RefundStatus.SENDING, refund.times_sent + 1
            refund.first_sent_at, refund.last_sent_at = refund.first_sent_at or at, at
        refund.next_try_at, refund.attempts = at + lease, refund.attempts + 1
        taken.append(_giving(refund, payment, may_send))
    return taken


def unclaimed(session: Session, refund_id: int) -> ClaimedRefund:
    """A refund that is asked about, and not sent."""
    refund = lookup.by_id(session, Refund, refund_id, "refund")
    return _giving(refund, session.get_one(Payment, refund.payment_id), may_send=False)


def _lookup_reference(payment: Payment) -> str:
    """What its refunds are asked about by: the one transaction that is meant, where its reference may have several."""
    if payment.provider_id and catalogue.collects_twice(payment.provider):
        return duplicate_reference(payment.provider_id)
    return payment.reference or ""


def _giving(refund: Refund, payment: Payment, may_send: bool) -> ClaimedRefund:
    return ClaimedRefund(
        refund.id,
        refund.provider,
        _lookup_reference(payment),
        refund.amount,
        refund.currency,
        payment.id,
        may_send,
        Claim(refund.status, refund.attempts),
        refund_key(refund.provider, payment.reference or payment.provider_id or "", refund.amount, refund.currency),
        refund.provider_id,
        wanted(refund),
    )


def wanted(refund: Refund, others: Iterable[str] = ()) -> Wanted:
    """What ours looks like in its provider's list; `others` are known to be other refunds of ours."""
    not_ours = frozenset([*(refund.not_ours or ()), *others])
    return Wanted(refund.amount, refund.currency, refund.first_sent_at, not_ours)


def count_due(session: Session, at: datetime) -> int:
    """How many of them there are."""
    return session.scalars(select(func.count()).select_from(Refund).where(*_due(at))).one()


def _due(by: datetime) -> tuple[ColumnElement[bool], ...]:
    """What was not sent stays so while the payer's bank wants the money back; what was sent is asked about, and what
    is done for a while: a bank may send it back.
    """
    waits = (Refund.status == RefundStatus.WAITING) & _open_at_bank().where(
        Chargeback.payment_id == Refund.payment_id
    ).exists()
    return Refund.next_try_at <= by, ~waits


def _open_at_bank() -> Select[Chargeback]:
    return select(Chargeback).where(Chargeback.status == ChargebackStatus.OPEN)


def call(session: Session, refund: Refund, sentence: str, at: datetime) -> None:
    """Call a person to a refund."""
    payment = session.get_one(Payment, refund.payment_id)
    alert_text = phrase(
        "The refund of %(amount)s, payment %(reference)s: %(sentence)s",
        amount=Money(refund.amount, refund.currency),
        reference=payment.reference,
        sentence=sentence,
    )
    alerts.fire(session, REFUND_NEEDS_PERSON, f"refund {refund.id}", alert_text, at)


def person_is_done(session: Session, refund: Refund, at: datetime) -> None:
    """There is nothing left that a person is called for."""
    alerts.resolve(session, REFUND_NEEDS_PERSON, f"refund {refund.id}", at)
