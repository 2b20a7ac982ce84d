"""Orders whose lines don't sum to their amount: some have not come yet, or the marketplace tells two things. Shown, not
refused: only it knows which.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.models import Order, OrderLine
from webapp.models.base import BigInt

NEWEST = 50_000
"""Among so many of the newest lines of all tenants is looked for those of such orders: the list reads no more."""


@dataclass(frozen=True, slots=True)
class LineSum:
    """An order and what its lines sum to, in minor units."""

    id: int
    ref: str
    currency: str
    amount: int
    lines: int
    summed: int
    created_at: datetime


def differing(session: Session, tenant: str, *, limit: int, before: int | None = None) -> list[LineSum]:
    """Orders of a tenant that have lines which don't sum to their amount, the newest first; from an order's id on."""
    sums = (
        select(
            Order.id,
            Order.ref,
            Order.currency,
            Order.amount,
            func.count().label("lines"),
            func.sum(OrderLine.amount).cast(BigInt).label("summed"),
            Order.created_at,
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.tenant == tenant)
        .group_by(Order.id)
        .having(func.sum(OrderLine.amount) != Order.amount)
    )
    if before is not None:
        sums = sums.where(Order.id < before)
    return [LineSum(*row) for row in session.execute(sums.order_by(Order.id.desc()).limit(limit))]


def is_of_a_differing_order() -> ColumnElement[bool]:
    """Whether a line is in such an order, among the newest lines."""
    others = OrderLine.__table__.alias("others")
    summed = select(func.sum(others.c.amount)).where(others.c.order_id == OrderLine.order_id).scalar_subquery()
    of_order = select(Order.amount).where(Order.id == OrderLine.order_id).scalar_subquery()
    newest = select(func.max(others.c.id) - NEWEST).scalar_subquery()
    return (OrderLine.id > newest) & (summed != of_order)
