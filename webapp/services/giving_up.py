"""Giving orders up that nobody paid: declined, their escrows voided, their buyers told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import EscrowVoided, OrderDeclined
from webapp.domain.states import EscrowStatus, OrderStatus, PaymentStatus
from webapp.models import Escrow, Order, Payment
from webapp.services import audit, events
from webapp.services.escrow_queries import Due
from webapp.services.outcome import Outcome, Refused
from webapp.services.payments import OPEN
from webapp.sql import insert_rows, lock, one_of

NEVER_PAID = "The order was never paid."
_NO_PROVIDER = "none"
_BEFORE, _AFTER = '{"status":"awaiting_payment"}', '{"status":"declined"}'


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
        give_up_all(session, unpaid, NEVER_PAID, at=at, actor=actor, run_id=run_id)
    return outcome


def decline_none(session: Session, ids: Sequence[int], *, at: datetime) -> Outcome:
    """What `decline_all` would answer, and nothing done."""
    unpaid = _unpaid(session, ids)
    return Outcome("escrow", done=len(unpaid), refused=_refused(session, ids, unpaid))


def give_up_all(
    session: Session, escrow_ids: Sequence[int], reason: str, *, at: datetime, actor: Actor, run_id: int | None = None
) -> None:
    """Decline the orders of these escrows, which await payment and are locked, and void them."""
    if not escrow_ids:
        return
    chosen = one_of(session, Escrow.id, escrow_ids)
    orders = list(session.scalars(select(Escrow.order_id).where(chosen)))
    values: dict[str, Any] = {"status": EscrowStatus.VOIDED, "left_at": at, "left_reason": "unpaid"}
    voided = update(Escrow).where(chosen).values(**values, version=Escrow.version + 1)
    session.execute(voided.execution_options(synchronize_session=False))
    declined = update(Order).where(one_of(session, Order.id, orders)).values(status=OrderStatus.DECLINED)
    session.execute(declined.execution_options(synchronize_session=False))
    _tell(session, escrow_ids, orders, reason, at, actor, run_id)


def _unpaid(session: Session, ids: Sequence[int]) -> list[int]:
    found = select(Escrow.id).join(Order, Order.id == Escrow.order_id)
    awaiting = (Order.status == OrderStatus.AWAITING_PAYMENT, Escrow.status == EscrowStatus.PENDING_PAYMENT)
    return list(session.scalars(found.where(one_of(session, Escrow.id, ids), *awaiting, ~_under_way())))


def _under_way() -> Any:
    return exists().where(Payment.order_id == Order.id, Payment.status.in_(OPEN))


def _refused(session: Session, ids: Sequence[int], unpaid: Sequence[int]) -> list[Refused]:
    left = sorted(set(ids) - set(unpaid))
    if not left:
        return []
    rows = session.execute(select(Escrow.id, Escrow.ref).where(one_of(session, Escrow.id, left)).order_by(Escrow.id))
    return [Refused(row.id, row.ref, "It is paid, given up or being paid by now.") for row in rows]


def _record_failed_payments(session: Session, escrow_ids: Sequence[int], at: datetime) -> None:
    columns = {
        "order_id": Order.id,
        "provider": _NO_PROVIDER,
        "status": str(PaymentStatus.FAILED),
        "amount": Order.amount,
        "currency": Order.currency,
        "created_at": at,
        "settled_at": at,
        "said": NEVER_PAID,
        "checks": 0,
        "version": 1,
    }
    mine = select(Escrow.order_id).where(one_of(session, Escrow.id, escrow_ids))
    insert_rows(session, Payment, columns, Order.id.in_(mine))


def _tell(
    session: Session,
    escrow_ids: Sequence[int],
    orders: Sequence[int],
    reason: str,
    at: datetime,
    actor: Actor,
    run_id: int | None,
) -> None:
    mine, theirs = one_of(session, Escrow.id, escrow_ids), one_of(session, Order.id, orders)
    voided = select(
        Escrow.id,
        literal('{"status":"pending_payment"}').label("before"),
        literal('{"status":"voided"}').label("after"),
    )
    declined = select(Order.id, literal(_BEFORE).label("before"), literal(_AFTER).label("after"))
    counted = (len(escrow_ids),)
    audit.record_all(
        session, actor, "escrow.void", "escrow", voided.where(mine), *counted, at=at, reason=reason, run_id=run_id
    )
    audit.record_all(
        session, actor, "order.decline", "order", declined.where(theirs), *counted, at=at, reason=reason, run_id=run_id
    )
    events.add_all(session, EscrowVoided(), escrow_ids, at=at)
    events.add_all(session, OrderDeclined(reason=reason), orders, at=at)
