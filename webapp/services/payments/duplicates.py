"""Money that is nobody's yet: what a provider collected besides a payment, under its reference. A person decides.

Each such transaction is a payment of its own, in review, known by the provider's number.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYMENT_COLLECTED_TWICE
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PaymentNeedsReview
from webapp.domain.payments.duplicate_payments import duplicate_reference, separate_duplicates
from webapp.domain.providers.provider_results import ProviderResponse, ProviderResult
from webapp.domain.states import PaymentStatus
from webapp.domain.words import phrase
from webapp.models import Payment
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.sql import insert_new


def record_duplicates(
    session: Session, rows: Sequence[Any], results: Mapping[int, ProviderResult], *, at: datetime, actor: Actor
) -> dict[int, ProviderResult]:
    """What was said of each payment itself; what was collected besides is written down, once."""
    own: dict[int, ProviderResult] = {}
    for row in rows:
        own[row.id], besides = separate_duplicates(results[row.id], row.provider_id, is_by_hand=is_by_hand(row))
        for seen in besides:
            _write(session, row, seen, at, actor)
    return own


def is_by_hand(row: Any) -> bool:
    """Whether a person marked it paid, so that its provider has none of it."""
    return row.status == PaymentStatus.SUCCEEDED and row.provider_id is None


def of_payment(session: Session, payment_id: int) -> Sequence[Payment]:
    """What was collected besides a payment, oldest first."""
    mine = select(Payment).where(Payment.duplicate_of_id == payment_id).order_by(Payment.id)
    return session.scalars(mine.limit(50)).all()


def _write(session: Session, row: Any, seen: ProviderResponse, at: datetime, actor: Actor) -> None:
    sentence = _sentence(row, seen)
    amount = (seen.amount or 0) - (seen.refunded_amount or 0)
    values = {
        "order_id": row.order_id,
        "duplicate_of_id": row.id,
        "provider": row.provider,
        "reference": duplicate_reference(seen.provider_id or ""),
        "status": PaymentStatus.NEEDS_REVIEW,
        "amount": amount,
        "currency": seen.currency,
        "provider_amount": amount,
        "provider_currency": seen.currency,
        "provider_id": seen.provider_id,
        "status_detail": sentence,
        "created_at": at,
        "version": 1,
    }
    written = insert_new(session, Payment).values(**values).on_conflict_do_nothing().returning(Payment.id)
    number = session.scalars(written).one_or_none()
    if number is None:
        return
    after = {"collected_besides": row.reference, "number": seen.provider_id, "amount": amount}
    trail.record(session, actor, "payment.collected_twice", ("payment", number), at=at, reason=sentence, after=after)
    events.add(session, PaymentNeedsReview(), number, at=at)
    alerts.fire(
        session,
        PAYMENT_COLLECTED_TWICE,
        f"payment {number}",
        phrase("Payment %(reference)s: %(sentence)s", reference=row.reference, sentence=sentence),
        at,
    )


def _sentence(row: Any, seen: ProviderResponse) -> str:
    collected = Money((seen.amount or 0) - (seen.refunded_amount or 0), seen.currency or "")
    which = phrase("%(collected)s (its number %(provider_id)s)", collected=collected, provider_id=seen.provider_id)
    if is_by_hand(row):
        return phrase(
            "It was marked paid by hand, and its provider collected %(which)s too. Say whether it is the same "
            "money, give it back to the payer, or keep it for the buyer.",
            which=which,
        )
    return phrase(
        "Its provider collected %(which)s under the same reference, besides what paid for it. It is nobody's "
        "yet: give it back to the payer, or keep it for the buyer.",
        which=which,
    )
