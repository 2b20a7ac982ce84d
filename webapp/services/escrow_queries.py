"""Which escrows are due, in the order in which they are walked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from webapp.domain.states import EscrowStatus, Policy
from webapp.models import Escrow
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
    return Due(Escrow, found, (Escrow.release_at, Escrow.id))
