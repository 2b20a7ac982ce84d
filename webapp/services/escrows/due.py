"""Which escrows are due, in the order in which they are walked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, tuple_

from webapp.domain.policies import AFTER_COMPLETION
from webapp.domain.states import EscrowStatus, OrderStatus, Policy
from webapp.models import Escrow, Order
from webapp.models.base import Base
from webapp.sql import Rows


@dataclass(frozen=True)
class Due:
    """A walk by keyset over what is due: `select` gives `id` and the other columns of `keys`."""

    model: type[Base]
    select: Rows
    keys: tuple[Any, ...]

    def after(self, cursor: tuple[Any, ...] | None, limit: int) -> Rows:
        """The next page of rows after a cursor (the values of `keys` of the last row seen)."""
        page = self.select.order_by(*self.keys).limit(limit)
        return page if cursor is None else page.where(tuple_(*self.keys) > tuple_(*cursor))


def due(*, policy: Policy, at: datetime) -> Due:
    """Held escrows of a policy whose time has come and that nothing freezes, oldest first."""
    found = select(Escrow.id, Escrow.release_at).where(
        Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0, Escrow.policy == policy, Escrow.release_at <= at
    )
    if policy in AFTER_COMPLETION:
        found = found.where(is_completed())
    return Due(Escrow, found, (Escrow.release_at, Escrow.id))


def is_ripe() -> ColumnElement[bool]:
    """Whether the order is completed, where the policy asks for that."""
    return or_(Escrow.policy.not_in(AFTER_COMPLETION), is_completed())


def is_completed() -> ColumnElement[bool]:
    """Whether the escrow's order is completed."""
    return exists().where(Order.id == Escrow.order_id, Order.status == OrderStatus.COMPLETED)
