"""Hosted pages at which nobody is to pay any more: the desk gave up what they are for, and they could still be paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import literal, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import OrderStatus, PaymentStatus
from webapp.models import Order, Payment
from webapp.providers import catalogue
from webapp.services.audit import trail
from webapp.settings import Settings
from webapp.sql import one_of

MOST = 2_000
"""How many are ended by one run."""
_GIVEN_UP = (PaymentStatus.FAILED, PaymentStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """A page that its provider is told to close."""

    id: int
    provider: str
    address: str


def payable_until(provider: str, created_at: datetime, settings: Settings) -> datetime | None:
    """Until when a payer may pay, or try again, at the page of a payment; None where a failure is the end."""
    minutes = _lasting(settings).get(provider)
    return None if minutes is None else created_at + minutes


def due(session: Session, at: datetime, settings: Settings) -> list[OpenCheckout]:
    """Pages that can be paid at still, of payments that failed or expired, or whose order is given up."""
    lasting = _lasting(settings)
    open_ones = (Payment.checkout_url.is_not(None), Payment.checkout_ended_at.is_(None))
    within = or_(*((Payment.provider == name) & (Payment.created_at > at - lasts) for name, lasts in lasting.items()))
    unwanted = Payment.status.in_(_GIVEN_UP) | (
        (Payment.status == PaymentStatus.PENDING) & (Order.status != OrderStatus.AWAITING_PAYMENT)
    )
    found = select(Payment.id, Payment.provider, Payment.checkout_url).join(Order, Order.id == Payment.order_id)
    found = found.where(within, *open_ones, unwanted)
    rows = session.execute(found.order_by(Payment.id).limit(MOST))
    return [OpenCheckout(row.id, row.provider, row.checkout_url or "") for row in rows]


def note(session: Session, payment_ids: Sequence[int], *, at: datetime, actor: Actor) -> None:
    """These pages are closed."""
    if not payment_ids:
        return
    mine = one_of(session, Payment.id, payment_ids)
    ended = update(Payment).where(mine).values(checkout_ended_at=at)
    session.execute(ended.execution_options(synchronize_session=False))
    records = select(Payment.id, literal("{}").label("before"), literal("{}").label("after")).where(mine)
    trail.record_all(session, actor, "payment.end_checkout", "payment", records, len(payment_ids), at=at)


def _lasting(settings: Settings) -> dict[str, timedelta]:
    """How long the pages last that a failed attempt does not end, by provider."""
    durations = {each.name: each.page_minutes for each in catalogue.every()}
    return {name: timedelta(minutes=minutes(settings)) for name, minutes in durations.items() if minutes is not None}
