"""A walk by keyset over what is due: how jobs page through it, and how previews add it up."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import tuple_

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
