"""Payments that come to nothing: one action for many. Failing one is failing a list of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, bindparam, case, func, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import Event, PaymentExpired, PaymentFailed
from webapp.domain.states import PaymentStatus
from webapp.models import Payment
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.sql import is_sqlite, json_text, one_of

OPEN = (PaymentStatus.PENDING, PaymentStatus.NEEDS_REVIEW)
"""States of a payment that is not settled."""
_EVENTS: dict[PaymentStatus, Event] = {
    PaymentStatus.FAILED: PaymentFailed(),
    PaymentStatus.EXPIRED: PaymentExpired(),
}
_TABLE: Any = Payment.__table__


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a payment failed; `is_answer` when its provider was asked, with `provider_id` if it told one."""

    message: str
    provider_id: str | None = None
    is_answer: bool = False


def fail_all(
    session: Session,
    failures: Mapping[int, Failure],
    *,
    at: datetime,
    actor: Actor,
    status: PaymentStatus = PaymentStatus.FAILED,
    action: str = "payment.fail",
    reason: str | None = None,
    event: Event | None = None,
) -> list[int]:
    """End open payments as failed or expired, with their records and events; returns which they were.

    `reason` is what a person said, or why the first step failed; `event` is written, when it is another than of a
    failure. The caller has their escrows' rows to itself, has
    checked that the actor may, and sees to their orders.
    """
    open_ones = _by_state(session, list(failures))
    ids = [number for some in open_ones.values() for number in some]
    if ids:
        _mark(session, {number: failures[number] for number in ids}, status, at)
        for before, some in open_ones.items():
            _record(session, some, before, actor, action, at=at, reason=reason)
        events.add_all(session, event or _EVENTS[status], ids, at=at)
    return ids


def _by_state(session: Session, ids: Sequence[int]) -> dict[str, list[int]]:
    chosen = (one_of(session, Payment.id, ids), Payment.status.in_(OPEN))
    found: dict[str, list[int]] = {}
    for number, status in session.execute(select(Payment.id, Payment.status).where(*chosen).order_by(Payment.id)):
        found.setdefault(status, []).append(number)
    return found


def _mark(session: Session, failures: Mapping[int, Failure], status: PaymentStatus, at: datetime) -> None:
    values = [
        {"key": number, "new_detail": each.message or None, "number": each.provider_id, "is_answer": each.is_answer}
        for number, each in failures.items()
    ]
    is_answer, columns = bindparam("is_answer", type_=Boolean()), _TABLE.c
    changed = (
        update(_TABLE)
        .where(columns.id == bindparam("key"), columns.status.in_([str(state) for state in OPEN]))
        .values(
            status=str(status),
            status_detail=bindparam("new_detail"),
            provider_id=func.coalesce(bindparam("number", type_=columns.provider_id.type), columns.provider_id),
            # What was in doubt is not any more, once the provider says that nothing came.
            provider_amount=case((is_answer, None), else_=columns.provider_amount),
            provider_currency=case((is_answer, None), else_=columns.provider_currency),
            settled_at=at,
            next_check_at=None,
            checks=columns.checks + case((is_answer, 1), else_=0),
            version=columns.version + 1,
        )
    )
    session.flush()
    session.connection().execute(changed, values)
    session.expire_all()


def _record(session: Session, ids: Sequence[int], before: str, actor: Actor, action: str, **how: Any) -> None:
    now = json_text(is_sqlite(session), {"status": Payment.status, "status_detail": Payment.status_detail})
    was = literal(f'{{"status":"{before}"}}').label("before")
    records = select(Payment.id, was, now.label("after")).where(one_of(session, Payment.id, ids))
    trail.record_all(session, actor, action, "payment", records, len(ids), **how)
