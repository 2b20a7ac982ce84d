"""Chargebacks: a payer's bank disputes a payment. What the provider says of one when it is asked, and what follows.

While it is open, a freeze of its own holds the escrow, whatever becomes of a dispute of ours, and no refund of the
payment is sent. When the bank wins, what it took is `taken_back` of the payment, and booked (`chargeback_booking`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import CHARGEBACK
from webapp.domain.outbox.event_types import ChargebackAccepted, ChargebackLost, ChargebackOpen, ChargebackWon
from webapp.domain.payments import chargeback
from webapp.domain.payments.chargeback import Step
from webapp.domain.providers.provider_results import ChargebackReport
from webapp.domain.states import (
    LOST_CHARGEBACKS,
    ChargebackStatus,
    DisputeKind,
    EscrowStatus,
    FreezeCause,
    PaymentStatus,
)
from webapp.domain.words import phrase
from webapp.models import Chargeback, Escrow, Payment
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.disputes import chargeback_cases, disputes, locks
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes, taken_back
from webapp.services.payments import payments
from webapp.services.payments.chargebacks import refund_offsets
from webapp.settings import Settings
from webapp.sql import insert_new, one_of

_PAUSE = timedelta(hours=6)
"""How long after asking about an open one it is asked about again, when no webhook says more."""
MOST = 20
"""Chargebacks of one payment that are asked about."""


@dataclass(frozen=True, slots=True)
class ClaimedChargeback:
    """A chargeback that its provider is asked about, and the payment that it is about."""

    id: int
    provider: str
    number: str
    payment_id: int
    reference: str


def settle(
    session: Session, payment_id: int, charged: ChargebackReport, *, at: datetime, actor: Actor, settings: Settings
) -> str:
    """Take in how a chargeback stands; the same answer again changes nothing. Returns what came of it in a sentence.

    What the bank took is settled with the payment, whose provider is asked along with this.
    """
    payment, escrow = payments.locked(session, payment_id)
    known = _known(session, payment, charged, at)
    before, status = known.status or None, _status(session, payment, charged)
    step = chargeback.step(before, status)
    given_back = known.amount if before in LOST_CHARGEBACKS and status == ChargebackStatus.WON else 0
    booked_before = known.booked_amount if before not in LOST_CHARGEBACKS else 0
    known.status, known.amount, known.currency = status, charged.amount, charged.currency
    known.due_at, known.status_detail = charged.due_at or known.due_at, charged.message[:300] or None
    known.ended_at = None if step.is_open else (known.ended_at or at)
    known.next_check_at = at + _PAUSE if step.is_open else None
    session.flush()
    sentence = chargeback_cases.in_words(known)
    refund_offsets.cover(session, payment, known, at=at, actor=actor)
    _freeze(session, payment, escrow, known, step, sentence, at, actor)
    if not step.is_news:
        return phrase("It is known already. %(sentence)s", sentence=sentence)
    _note_in_case(session, payment, escrow, known, step, sentence, at, actor, settings)
    _record(session, known, payment, before, given_back, booked_before, sentence, at, actor)
    return sentence


def is_news(session: Session, provider: str, charged: ChargebackReport) -> bool:
    """Whether a bank wants money, or has it, of which we don't know, or know otherwise."""
    mine = (Chargeback.provider == provider, Chargeback.number == charged.number[:40])
    known = session.scalars(select(Chargeback).where(*mine)).one_or_none()
    if charged.status == ChargebackStatus.WON:
        return False
    return known is None or (known.status, known.amount) != (charged.status, charged.amount)


def claim_due(
    session: Session, at: datetime, limit: int, lease: timedelta, providers: Sequence[str]
) -> list[ClaimedChargeback]:
    """Open ones whose time to be asked about has come, taken so that nobody else asks during the lease."""
    due = select(Chargeback).where(*_due(at, providers)).order_by(Chargeback.next_check_at)
    rows = session.scalars(due.order_by(Chargeback.id).limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.next_check_at = at + lease
    return _claimed(session, rows)


def count_due(session: Session, at: datetime, providers: Sequence[str]) -> int:
    """How many of them there are."""
    return session.scalars(select(func.count()).select_from(Chargeback).where(*_due(at, providers))).one()


def unclaimed(session: Session, payment_id: int) -> list[ClaimedChargeback]:
    """Those of a payment, ended or not: an outcome may change."""
    rows = session.scalars(_of_payment(payment_id).limit(MOST)).all()
    return _claimed(session, rows)


def of_payment(session: Session, payment_id: int) -> Sequence[Chargeback]:
    """The chargebacks of a payment, newest first."""
    return session.scalars(_of_payment(payment_id).limit(MOST)).all()


def of_payments(session: Session, payment_ids: Sequence[int]) -> dict[int, list[Chargeback]]:
    """The same for several payments, by the payment's id."""
    mine = select(Chargeback).where(one_of(session, Chargeback.payment_id, payment_ids))
    found: dict[int, list[Chargeback]] = {}
    for row in session.scalars(mine.order_by(Chargeback.id.desc())):
        found.setdefault(row.payment_id or 0, []).append(row)
    return found


def put_off(session: Session, ids: Sequence[int], at: datetime) -> None:
    """These could not be asked about now."""
    again = update(Chargeback).where(Chargeback.id.in_(ids), Chargeback.next_check_at.is_not(None))
    session.execute(again.values(next_check_at=at + timedelta(hours=1)))


def _due(at: datetime, providers: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    open_ones = (Chargeback.status == ChargebackStatus.OPEN, Chargeback.next_check_at <= at)
    return (*open_ones, Chargeback.provider.in_(providers), Chargeback.payment_id.is_not(None))


def _of_payment(payment_id: int) -> Select[Chargeback]:
    mine = select(Chargeback).where(Chargeback.payment_id == payment_id)
    return mine.order_by(Chargeback.id.desc())


def _claimed(session: Session, rows: Sequence[Chargeback]) -> list[ClaimedChargeback]:
    ids = {row.payment_id for row in rows if row.payment_id is not None}
    references = dict(session.execute(select(Payment.id, Payment.reference).where(Payment.id.in_(ids))).all())
    return [
        ClaimedChargeback(row.id, row.provider, row.number, row.payment_id, references[row.payment_id] or "")
        for row in rows
        if row.payment_id is not None
    ]


def _known(session: Session, payment: Payment, charged: ChargebackReport, at: datetime) -> Chargeback:
    row = insert_new(session, Chargeback).values(
        provider=payment.provider,
        number=charged.number[:40],
        payment_id=payment.id,
        status="",
        amount=charged.amount,
        currency=charged.currency,
        category=charged.category[:200] or None,
        created_at=at,
    )
    session.execute(row.on_conflict_do_nothing())
    mine = (Chargeback.provider == payment.provider, Chargeback.number == charged.number[:40])
    found = select(Chargeback).where(*mine).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _status(session: Session, payment: Payment, charged: ChargebackReport) -> ChargebackStatus:
    around = taken_back.around(session, [payment.id]).get(payment.id, taken_back.NOTHING)
    is_refunded = sum(around.refunds) >= (payment.provider_amount or payment.amount)
    return chargeback.ended(charged.status, went_back=charged.went_back, is_refunded=is_refunded)


def _counts_on(payment: Payment) -> bool:
    """Whether the escrow's money is this payment's: another one of the same order may be in review besides."""
    in_review = payment.status == PaymentStatus.NEEDS_REVIEW and payment.undecided_amount != 0
    return payment.provider_id is not None and (payment.status == PaymentStatus.SUCCEEDED or in_review)


def _freeze(
    session: Session,
    payment: Payment,
    escrow: Escrow,
    known: Chargeback,
    step: Step,
    sentence: str,
    at: datetime,
    actor: Actor,
) -> None:
    """Frozen and alerted while it is open, for its own cause; neither afterwards."""
    subject = f"{known.provider} {known.number}"
    if step.is_open:
        alerts.fire(
            session,
            CHARGEBACK,
            subject,
            phrase("%(sentence)s Payment %(reference)s.", sentence=sentence, reference=payment.reference),
            at,
        )
        if _counts_on(payment):
            freezes.require(session, escrow.id, FreezeCause.CHARGEBACK, known.id, sentence, at=at, actor=actor)
        return
    freezes.end(session, escrow.id, FreezeCause.CHARGEBACK, known.id, sentence, at=at, actor=actor)
    alerts.resolve(session, CHARGEBACK, subject, at)


def _note_in_case(
    session: Session,
    payment: Payment,
    escrow: Escrow,
    known: Chargeback,
    step: Step,
    sentence: str,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> None:
    """It joins the dispute of ours that is open; held money without one gets one, so that somebody looks into it."""
    dispute = locks.open_of(session, escrow.id)
    is_held = escrow.status == EscrowStatus.HELD and _counts_on(payment)
    if dispute is not None:
        chargeback_cases.join(session, dispute, known, at=at, actor=actor)
    elif step.is_open and is_held:
        claim = phrase(
            "%(sentence)s Its category: %(category)s.", sentence=sentence, category=known.category or phrase("none")
        )
        new = NewDispute(escrow.id, "buyer", "chargeback", claim, DisputeKind.DISPUTE)
        disputes.open_dispute(session, new, at=at, actor=actor.entrusted_with("dispute:open"), settings=settings)


def _record(
    session: Session,
    known: Chargeback,
    payment: Payment,
    before: str | None,
    given_back: int,
    booked_before: int,
    sentence: str,
    at: datetime,
    actor: Actor,
) -> None:
    after = {"chargeback": known.number, "status": known.status, "amount": known.amount, "currency": known.currency}
    trail.record(
        session,
        actor,
        f"chargeback.{known.status}",
        ("payment", payment.id),
        at=at,
        reason=sentence,
        before={"status": before} if before else None,
        after=after,
    )
    details: dict[str, Any] = {"number": known.number, "disputed_amount": known.amount, "outcome": sentence}
    if known.status == ChargebackStatus.WON:
        events.add(session, ChargebackWon(**details, given_back_amount=given_back), payment.id, at=at)
    elif known.status == ChargebackStatus.OPEN:
        events.add(session, ChargebackOpen(**details), payment.id, at=at)
    else:
        event = _TAKEN[ChargebackStatus(known.status)](**details, booked_before_amount=booked_before)
        events.add(session, event, payment.id, at=at)


_TAKEN = {
    ChargebackStatus.LOST: ChargebackLost,
    ChargebackStatus.ACCEPTED: ChargebackAccepted,
}
