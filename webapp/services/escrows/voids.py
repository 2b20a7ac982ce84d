"""Escrows that were never paid and are given up: one action for many. Voiding one is voiding a list of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import EscrowVoided, Event, OrderCancelled, OrderDeclined
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, OrderStatus
from webapp.domain.words import phrase
from webapp.models import Escrow, Order
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.sql import lock, one_of

UNPAID = "unpaid"
"""Why an escrow was voided when nobody paid; people's reasons are `decision` and `cancelled`."""


def void_all(
    session: Session,
    ids: Sequence[int],
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    note: str,
    run_id: int | None = None,
) -> Outcome:
    """Void the escrows that await payment. Those that do not are refused by name, not raised.

    `reason` is the word for why, `note` the sentence. Their orders are declined when nobody paid (`UNPAID`), else
    cancelled. The caller has checked that the actor may.
    """
    lock(session, Escrow, ids)
    waiting = _waiting(session, ids)
    if waiting:
        orders = list(session.scalars(select(Escrow.order_id).where(one_of(session, Escrow.id, waiting))))
        _mark(session, waiting, orders, at, reason)
        how: dict[str, Any] = {"at": at, "reason": note, "run_id": run_id}
        _record(session, actor, "escrow.void", "escrow", Escrow, waiting, how)
        _record(session, actor, _ACTION[_end(reason)], "order", Order, orders, how)
        events.add_all(session, EscrowVoided(), waiting, at=at)
        events.add_all(session, _event(reason, note), orders, at=at)
    return Outcome("escrow", done=len(waiting), refused=_refused(session, ids, waiting))


_ACTION = {OrderStatus.DECLINED: "order.decline", OrderStatus.CANCELLED: "order.cancel"}


def _end(reason: str) -> OrderStatus:
    return OrderStatus.DECLINED if reason == UNPAID else OrderStatus.CANCELLED


def _event(reason: str, note: str) -> Event:
    return OrderDeclined(reason=note) if reason == UNPAID else OrderCancelled()


def _waiting(session: Session, ids: Sequence[int]) -> list[int]:
    free = (one_of(session, Escrow.id, ids), Escrow.status == EscrowStatus.PENDING_PAYMENT)
    return list(session.scalars(select(Escrow.id).where(*free).order_by(Escrow.id)))


def _mark(session: Session, ids: Sequence[int], orders: Sequence[int], at: datetime, reason: str) -> None:
    values = {"status": EscrowStatus.VOIDED, "closed_at": at, "close_reason": reason, "version": Escrow.version + 1}
    chosen, theirs = one_of(session, Escrow.id, ids), one_of(session, Order.id, orders)
    unsynced = {"synchronize_session": False}
    session.execute(update(Escrow).where(chosen).values(**values), execution_options=unsynced)
    session.execute(update(Order).where(theirs).values(status=_end(reason)), execution_options=unsynced)
    session.expire_all()


def _record(
    session: Session, actor: Actor, action: str, kind: str, model: Any, ids: Sequence[int], how: dict[str, Any]
) -> None:
    before, after = _CHANGES[action]
    records = select(model.id, literal(before).label("before"), literal(after).label("after"))
    trail.record_all(session, actor, action, kind, records.where(one_of(session, model.id, ids)), len(ids), **how)


_CHANGES = {
    "escrow.void": ('{"status":"pending_payment"}', '{"status":"voided"}'),
    "order.decline": ('{"status":"awaiting_payment"}', '{"status":"declined"}'),
    "order.cancel": ('{"status":"awaiting_payment"}', '{"status":"cancelled"}'),
}


def _refused(session: Session, ids: Sequence[int], done: Sequence[int]) -> list[RefusedItem]:
    left = sorted(set(ids) - set(done))
    if not left:
        return []
    rows = select(Escrow.id, Escrow.ref, Escrow.status).where(one_of(session, Escrow.id, left)).order_by(Escrow.id)
    return [
        RefusedItem(row.id, row.ref, phrase("It is %(status)s already.", status=in_words(row.status)))
        for row in session.execute(rows)
    ]
