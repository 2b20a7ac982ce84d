"""Which escrows are due, in the order in which they are walked."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select

from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.states import EscrowStatus, OrderStatus, Policy
from webapp.models import Escrow, Order
from webapp.services.common.due import Due


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
