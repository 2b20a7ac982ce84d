"""Giving orders up that nobody paid: declined, their escrows voided, their buyers told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import EscrowStatus, OrderStatus, PaymentStatus
from webapp.domain.words import phrase
from webapp.models import Escrow, Order, Payment
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.common.due import Due
from webapp.services.escrows import voids
from webapp.services.payments.failures import OPEN
from webapp.sql import insert_rows, lock, one_of

NEVER_PAID = phrase("The order was never paid.")
_NO_PROVIDER = "none"


def due(at: datetime, patience: timedelta) -> Due:
    """Escrows of orders that have waited for money for too long, with no payment under way, oldest first."""
    found = (
        select(Escrow.id, Order.created_at, Order.id.label("order_id"))
        .join(Order, Order.id == Escrow.order_id)
        .where(Order.status == OrderStatus.AWAITING_PAYMENT, Order.created_at <= at - patience, ~_under_way())
    )
    return Due(Escrow, found, (Order.created_at, Order.id))


def decline_all(
    session: Session, ids: Sequence[int], *, at: datetime, actor: Actor, run_id: int | None = None
) -> Outcome:
    """Decline the unpaid orders of these escrows, with a failed payment on record for each."""
    actor.require("money:move")
    lock(session, Escrow, ids)
    unpaid = _unpaid(session, ids)
    outcome = Outcome("escrow", done=len(unpaid), refused=_refused(session, ids, unpaid))
    if unpaid:
        _record_failed_payments(session, unpaid, at)
        voids.void_all(session, unpaid, at=at, actor=actor, reason=voids.UNPAID, note=NEVER_PAID, run_id=run_id)
    return outcome


def preview_all(session: Session, ids: Sequence[int], *, at: datetime) -> Outcome:
    """What `decline_all` would answer, and nothing done."""
    unpaid = _unpaid(session, ids)
    return Outcome("escrow", done=len(unpaid), refused=_refused(session, ids, unpaid))


def _unpaid(session: Session, ids: Sequence[int]) -> list[int]:
    found = select(Escrow.id).join(Order, Order.id == Escrow.order_id)
    awaiting = (Order.status == OrderStatus.AWAITING_PAYMENT, Escrow.status == EscrowStatus.PENDING_PAYMENT)
    return list(session.scalars(found.where(one_of(session, Escrow.id, ids), *awaiting, ~_under_way())))


def _under_way() -> Any:
    return exists().where(Payment.order_id == Order.id, Payment.status.in_(OPEN))


def _refused(session: Session, ids: Sequence[int], unpaid: Sequence[int]) -> list[RefusedItem]:
    left = sorted(set(ids) - set(unpaid))
    if not left:
        return []
    rows = session.execute(select(Escrow.id, Escrow.ref).where(one_of(session, Escrow.id, left)).order_by(Escrow.id))
    return [RefusedItem(row.id, row.ref, phrase("It is paid, given up or being paid by now.")) for row in rows]


def _record_failed_payments(session: Session, escrow_ids: Sequence[int], at: datetime) -> None:
    columns = {
        "order_id": Order.id,
        "provider": _NO_PROVIDER,
        "status": str(PaymentStatus.FAILED),
        "amount": Order.amount,
        "currency": Order.currency,
        "created_at": at,
        "settled_at": at,
        "status_detail": NEVER_PAID,
        "checks": 0,
        "version": 1,
    }
    mine = select(Escrow.order_id).where(one_of(session, Escrow.id, escrow_ids))
    insert_rows(session, Payment, columns, Order.id.in_(mine))
