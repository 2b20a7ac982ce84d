"""Payments that are no longer whole, and not by a refund of ours: frozen, in review and alerted until a person decides.

Given back in the provider's own dashboard, reversed there, or taken by the payer's bank: it is one sum of a payment,
`Payment.taken_back_amount`, and what of it was decided. `clawbacks` has the decisions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYMENT_TAKEN_BACK
from webapp.domain.states import (
    LOST_CHARGEBACKS,
    NOT_GIVEN_BACK,
    ChargebackStatus,
    FreezeCause,
    PaymentStatus,
    RefundStatus,
)
from webapp.domain.words import phrase
from webapp.models import Chargeback, Escrow, Payment, Refund
from webapp.services.alerts import alerts
from webapp.services.escrows import freezes
from webapp.sql import one_of

_COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Around:
    """What of a payment went back by us, and what the payer's bank won."""

    refunds: tuple[int, ...] = ()
    """Those that were not refused."""
    processed: tuple[int, ...] = ()
    was_refunded: bool = False
    lost: Mapping[str, int] = field(default_factory=dict)
    covered: int = 0


NOTHING = Around()


def around(session: Session, payment_ids: Sequence[int]) -> dict[int, Around]:
    """That, for each of these payments that has any of it."""
    if not payment_ids:
        return {}
    given: dict[int, list[tuple[int, str]]] = {}
    # One that a bank's taking covered whole is not the provider's: it explains nothing that the provider lists.
    never_sent = (Refund.status == RefundStatus.PROCESSED) & Refund.provider_id.is_(None)
    ours = select(Refund.payment_id, Refund.amount, case((never_sent, _COVERED), else_=Refund.status))
    for payment_id, amount, status in session.execute(ours.where(one_of(session, Refund.payment_id, payment_ids))):
        given.setdefault(payment_id, []).append((amount, status))
    lost: dict[int, list[Any]] = {}
    banks = select(Chargeback).where(
        one_of(session, Chargeback.payment_id, payment_ids), Chargeback.status.in_(LOST_CHARGEBACKS)
    )
    for row in session.scalars(banks):
        lost.setdefault(row.payment_id or 0, []).append(row)
    return {
        payment_id: Around(
            tuple(amount for amount, status in given.get(payment_id, ()) if status not in (*NOT_GIVEN_BACK, _COVERED)),
            tuple(amount for amount, status in given.get(payment_id, ()) if status == RefundStatus.PROCESSED),
            payment_id in given,
            {row.number: row.amount for row in lost.get(payment_id, ())},
            sum(row.covered_amount for row in lost.get(payment_id, ())),
        )
        for payment_id in given.keys() | lost.keys()
    }


def mark(session: Session, payment_id: int, amount: int, sentence: str) -> None:
    """A payment is not whole: `amount` of it is gone, and not all of that is decided."""
    _set(session, payment_id, PaymentStatus.NEEDS_REVIEW, amount, sentence)


def note_booked(session: Session, payment: Payment, part: int) -> None:
    """A part of what is gone of a payment was booked. What banks took counts first; when nothing is left, it all is."""
    rows = select(Chargeback).where(Chargeback.payment_id == payment.id).order_by(Chargeback.id)
    for row in session.scalars(rows).all():
        if payment.undecided_amount == 0:
            row.booked_amount = row.amount - row.covered_amount if row.status in LOST_CHARGEBACKS else 0
        elif row.unbooked_amount > 0:
            booked = min(row.unbooked_amount, part)
            row.booked_amount, part = row.booked_amount + booked, part - booked
    session.flush()


def call(session: Session, row: Any, sentence: str, more: str, *, at: datetime, actor: Actor) -> None:
    """A person has to decide about what is gone, or came back: its held escrow is frozen, and somebody is called.

    The alert says `more` than the reason of the freeze.
    """
    if row.duplicate_of_id is None:  # what was collected besides is in a wallet, and no escrow has any of it
        freezes.require(session, row.escrow_id, FreezeCause.PAYMENT, row.id, sentence, at=at, actor=actor)
    alert_text = phrase(
        "Payment %(reference)s needs a decision: %(sentence)s %(more)s",
        reference=row.reference,
        sentence=sentence,
        more=more,
    ).rstrip()
    alerts.fire(session, PAYMENT_TAKEN_BACK, f"payment {row.id}", alert_text, at)


def made_whole(session: Session, row: Any, amount: int, *, at: datetime, actor: Actor) -> None:
    """What of a payment is gone is what was decided about."""
    sentence = phrase("The provider has again what it had taken back.")
    if amount:
        sentence = phrase("What is gone of it is what was decided about before.")
    _set(session, row.id, PaymentStatus.SUCCEEDED, amount, sentence)
    freezes.end(session, row.escrow_id, FreezeCause.PAYMENT, row.id, sentence, at=at, actor=actor)
    alerts.resolve(session, PAYMENT_TAKEN_BACK, f"payment {row.id}", at)


def freeze_again(session: Session, escrow: Escrow, *, at: datetime, actor: Actor) -> None:
    """An escrow is held once more: what of its payments is undecided, or disputed by a bank, freezes it again."""
    for cause, number, reason in freezing_again(session, escrow):
        freezes.require(session, escrow.id, cause, number, reason, at=at, actor=actor)


def freezing_again(session: Session, escrow: Escrow) -> Iterator[tuple[FreezeCause, int, str]]:
    """What would freeze it if it were held once more: the cause, its number, and the reason."""
    mine = (Payment.order_id == escrow.order_id, Payment.status == PaymentStatus.NEEDS_REVIEW)
    gone = (Payment.taken_back_amount != Payment.taken_back_decided, Payment.duplicate_of_id.is_(None))
    for payment in session.scalars(select(Payment).where(*mine, *gone)).all():
        yield FreezeCause.PAYMENT, payment.id, payment.status_detail or phrase("Its payment was taken back.")
    banks = select(Chargeback).join(Payment, Payment.id == Chargeback.payment_id)
    open_ones = banks.where(Payment.order_id == escrow.order_id, Chargeback.status == ChargebackStatus.OPEN)
    for row in session.scalars(open_ones).all():
        yield (
            FreezeCause.CHARGEBACK,
            row.id,
            phrase("Chargeback %(number)s at %(provider)s is open.", number=row.number, provider=row.provider),
        )


def _set(session: Session, payment_id: int, status: PaymentStatus, amount: int, sentence: str) -> None:
    changed = update(Payment).where(Payment.id == payment_id)
    values = {"status": status, "taken_back_amount": amount, "status_detail": sentence, "version": Payment.version + 1}
    session.execute(changed.values(**values, next_check_at=None).execution_options(synchronize_session=False))
