"""Paging by key: a page starts after the last row of the one before, so that it costs the same at a million rows."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, tuple_

from webapp import clock

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Order:
    """What is sorted by, an expression or several, with the key that makes it unique, in one direction."""

    value: Any
    key: Any
    descending: bool

    @property
    def values(self) -> list[Any]:
        """What comes before the key; nothing when the key is what is sorted by."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return [value for value in values if value is not self.key]

    @property
    def parts(self) -> list[Any]:
        """The expressions in order, the key last."""
        return [*self.values, self.key]

    def with_places(self, query: Select[Any]) -> Select[Any]:
        """The query with what `position` reads of its rows."""
        return query.add_columns(*[value.label(f"place_{number}") for number, value in enumerate(self.values)])

    def position(self, row: Any) -> list[Any]:
        """Where a row stands in this order."""
        return [*[getattr(row, f"place_{number}") for number in range(len(self.values))], row.key_]

    def sorted(self, query: Select[Any], *, backwards: bool = False) -> Select[Any]:
        """The query in this order, or in the opposite one."""
        down = self.descending != backwards
        return query.order_by(*[part.desc() if down else part.asc() for part in self.parts])

    def beyond(self, query: Select[Any], position: list[Any], *, backwards: bool = False) -> Select[Any]:
        """Only what comes after the position, or before it."""
        here = tuple_(*self.parts)
        there = tuple_(*[literal(value, part.type) for value, part in zip(position, self.parts, strict=True)])
        return query.where(here < there if self.descending != backwards else here > there)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins or ends: a row's place in the order, and how many rows came before the page's edge there.

    That number is from when the address was made, and None where it says none: rows may have come or gone since.
    """

    position: list[Any]
    before: int | None = None


def encode(position: list[Any], before: int | None = None) -> str:
    """A position as text for an address, with how many rows lie before it."""
    plain = [{"t": clock.iso(value)} if isinstance(value, datetime) else value for value in position]
    if before is not None:
        plain.append({"n": before})
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(cursor: str, order: Order) -> Cursor | None:
    """The position again; None for a text that is none in this order. A wrong one shows another page, nothing else."""
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        before = plain.pop()["n"] if isinstance(plain[-1], dict) and "n" in plain[-1] else None
        position = [clock.from_iso(value["t"]) if isinstance(value, dict) else value for value in plain]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, binascii.Error):
        return None
    wanted = [part.type.python_type for part in order.parts]
    fits = len(position) == len(wanted) and all(
        isinstance(value, kind) for value, kind in zip(position, wanted, strict=True)
    )
    if not fits or not all(map(_can_be_asked_for, position)):
        return None
    return Cursor(position, before if type(before) is int and 0 <= before < 2**53 else None)


def _can_be_asked_for(value: Any) -> bool:
    """Whether both databases take it: no larger number than they hold, neither NUL nor half a character."""
    if isinstance(value, str):
        return _NOT_STORABLE.search(value) is None
    return not isinstance(value, int) or abs(value) < 2**63
