"""What a file of the marketplace knows more of orders that are there: they are paid, completed, or put off."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AccountKind, EscrowStatus, OrderStatus, Policy
from webapp.models import Account, Escrow, Order
from webapp.services.audit import trail
from webapp.services.imports import orders
from webapp.services.imports.staging import ORDERS, staged
from webapp.sql import is_sqlite, json_text, lock

_LINE = ORDERS.c
Plan = Callable[[Sequence[Any], Mapping[str, Any]], "Changes"]


class Changes:
    """Lines by what they change. A line whose money comes in may be completed by the same."""

    def __init__(self) -> None:
        self.paid: list[Any] = []
        self.completed: list[Any] = []
        self.put_off: list[Any] = []
        self.lines: dict[int, Any] = {}


def apply(session: Session, lines: Sequence[Any], plan: Plan, *, at: datetime, actor: Actor) -> set[int]:
    """Do what the lines say of orders that are there; `plan` looks again once their escrows are locked.

    Returns the lines that were done. No events go out for these, as for all that the marketplace tells itself.
    """
    actor.require("order:write")
    refs = [line.ref for line in lines]
    rows = select(Escrow.id).join(Order, Order.id == Escrow.order_id).where(Order.ref.in_(refs))
    lock(session, Escrow, session.scalars(rows).all())
    changes = plan(lines, orders.known_orders(session, refs))
    if not changes.lines:
        return set()
    _record(session, list(changes.lines.values()), at, actor)
    if changes.paid:
        _pay(session, changes.paid, at)
    if changes.completed:
        _complete(session, changes.completed)
    if changes.put_off:
        _put_off(session, changes.put_off)
    session.expire_all()
    return set(changes.lines)


def _record(session: Session, lines: Sequence[Any], at: datetime, actor: Actor) -> None:
    with staged(session, ORDERS, lines):
        before = {"status": Order.status, "escrow": Escrow.status, "release_at": Escrow.release_at.cast(String)}
        after = {
            "line": _LINE.line,
            "paid_at": _LINE.paid_at.cast(String),
            "completed_at": _LINE.completed_at.cast(String),
            "release_at": _LINE.release_at.cast(String),
        }
        made = select(
            Order.id,
            json_text(is_sqlite(session), before).label("before"),
            json_text(is_sqlite(session), after).label("after"),
        ).join_from(ORDERS, Order, Order.ref == _LINE.ref)
        made = made.join(Escrow, Escrow.order_id == Order.id)
        trail.record_all(session, actor, "order.import_update", "order", made, len(lines), at=at)


def _pay(session: Session, lines: Sequence[Any], at: datetime) -> None:
    orders.note_late(session, lines, at)
    with staged(session, ORDERS, lines):
        currencies = session.scalars(select(_LINE.currency).distinct()).all()
        orders.open_pools(session, currencies, at)
        _change(session, Order, Order.ref == _LINE.ref, status=str(OrderStatus.IN_PROGRESS), paid_at=_LINE.paid_at)
        pending = orders.open_pending(session, at)
        pool = select(func.min(Account.id)).where(orders.pool_of(AccountKind.ESCROW)).scalar_subquery()
        of_seller = and_(
            Account.kind == AccountKind.PENDING,
            Account.party_id == Escrow.seller_id,
            Account.currency == Escrow.currency,
        )
        seller = select(func.min(Account.id)).where(of_seller).scalar_subquery()
        held_by = case((Escrow.policy == Policy.BUFFER, seller), else_=pool)
        values = {"status": str(EscrowStatus.HELD), "held_account_id": held_by, "held_at": _LINE.paid_at}
        _change(session, Escrow, _mine(), **values, version=Escrow.version + 1)
        orders.hold(session, pending, at)


def _complete(session: Session, lines: Sequence[Any]) -> None:
    with staged(session, ORDERS, lines):
        values = {"status": str(OrderStatus.COMPLETED), "completed_at": _LINE.completed_at}
        _change(session, Order, Order.ref == _LINE.ref, **values)


def _put_off(session: Session, lines: Sequence[Any]) -> None:
    with staged(session, ORDERS, lines):
        _change(session, Escrow, _mine(), release_at=_LINE.release_at, version=Escrow.version + 1)


def _mine() -> ColumnElement[bool]:
    return and_(Escrow.order_id == Order.id, Order.ref == _LINE.ref)


def _change(session: Session, model: Any, where: ColumnElement[bool], **values: Any) -> None:
    session.execute(update(model).where(where).values(**values).execution_options(synchronize_session=False))
