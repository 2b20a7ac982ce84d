"""The kinds of what is not kept for good. A new one is declared in a module of `kinds`, and found by itself."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, select

from webapp.models.base import Base
from webapp.services.common.due import Due
from webapp.services.retention import kinds as declared
from webapp.settings import Settings

Expired = Callable[[datetime], ColumnElement[bool]]
_kinds: dict[str, "RetentionKind"] = {}


@dataclass(frozen=True)
class RetentionKind:
    """Rows of one table that go when they are old enough: archived first, unless nobody would look for them."""

    name: str
    label: str
    """What they are, in a few words."""
    model: type[Base]
    setting: str
    """For how many days they are kept; none for what goes as soon as it is so."""
    expired: Expired
    """Which rows go, given the instant before which they have to be over."""
    order: int = 50
    """Kinds go in this order: what points at something goes before it."""
    archived: bool = True
    blanks: Mapping[str, Any] | None = None
    """What is set instead of removing the rows."""
    file_column: str = ""
    """The column that names a file which goes with the row, in the folder of evidence."""
    at_most: str = ""
    """The setting of what they belong to, which can't go while they are there."""
    walk: tuple[Any, ...] = ()
    """The columns, `id` last, by which an index finds what is over; else its numbers are walked."""

    @property
    def key(self) -> Any:
        """The table's `id`."""
        return self.model.__table__.c.id

    def days(self, settings: Settings) -> int:
        """For how long they are kept."""
        named = (name for name in (self.setting, self.at_most) if name)
        return min((int(getattr(settings, name.lower())) for name in named), default=0)

    def is_over(self, settings: Settings, at: datetime) -> ColumnElement[bool]:
        """Whether a row goes at this instant."""
        return self.expired(at - timedelta(days=self.days(settings)))

    def due(self, settings: Settings, at: datetime) -> Due:
        """What goes, in the order of the index that finds it, or of its numbers."""
        keys = self.walk or (self.key,)
        return Due(self.model, select(*keys).where(self.is_over(settings, at)), keys)


def declare(kind: RetentionKind) -> RetentionKind:
    """Add a kind."""
    _kinds[kind.name] = kind
    return kind


def all_kinds() -> list[RetentionKind]:
    """Every declared kind, in the order in which they go."""
    _load()
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.name))


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(declared.__path__, f"{declared.__name__}."):
        importlib.import_module(module.name)
