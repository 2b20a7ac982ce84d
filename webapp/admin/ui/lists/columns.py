"""Columns and filters of a list, declared once: what is shown, sorted, asked for and exported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from webapp.admin.ui.formatting import current_zone
from webapp.domain.instants import parse_day

Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `value` is an SQL expression; `kind` says how it looks: text, money, when, badge, number, ref,
    reason: why a dispute was opened, name: of an event, size: bytes, took: the end of what began at the row's
    `started_at`, job: by its title, or word: what a provider said."""

    name: str
    label: Any
    value: Any
    kind: str = "text"
    sort: Any = False
    """True, or an expression that is never NULL, or a tuple of such, when one may sort by it; there should be an index
    on it with the key. Amounts are sorted within their currency, for those of two can't be compared."""
    currency: str = "currency"
    """The column whose value is the currency of a money column."""
    link: Callable[[Any], str] | None = None
    """The address a row's cell leads to."""
    shown: bool = True
    """Whether the table shows it; a hidden one is only for templates and the export."""
    exported: bool = True
    sparse: bool = False
    """Whether the table leaves it out while no row of the page has it: most don't."""

    @property
    def sort_value(self) -> Any:
        """What is sorted by."""
        return self.value if self.sort is True else self.sort


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, kept in the address under its name. `parse` raises ValueError with a sentence."""

    name: str
    label: Any
    clause: Callable[[Any], Any]
    parse: Callable[[str], Any] = field(default=str)
    kind: str = "text"
    choices: Choices | Callable[[], Choices] = ()

    def options(self) -> Choices:
        """What can be chosen, for a filter of kind `choice`."""
        return self.choices() if callable(self.choices) else self.choices


def choice(name: str, label: Any, column: Any, choices: Choices | Callable[[], Choices]) -> Filter:
    """One of a few values."""
    return Filter(name, label, lambda value: column == value, kind="choice", choices=choices)


def text(name: str, label: Any, column: Any) -> Filter:
    """Exactly this text."""
    return Filter(name, label, lambda value: column == value)


def flag(name: str, label: Any, clause: Any) -> Filter:
    """A condition that is on or not."""
    return Filter(name, label, lambda _value: clause, kind="flag")


def since(name: str, label: Any, column: Any) -> Filter:
    """From this day on, in the reader's zone."""
    return Filter(name, label, lambda day: column >= day, parse=_day, kind="date")


def until(name: str, label: Any, column: Any) -> Filter:
    """Up to and with this day, in the reader's zone."""
    return Filter(name, label, lambda day: column < day + timedelta(days=1), parse=_day, kind="date")


def _day(typed: str) -> datetime:
    try:
        return parse_day(typed, ZoneInfo(current_zone()))
    except ValueError as wrong:
        raise ValueError(_("Write a day, such as 2026-03-01: %(wrong)s.", wrong=wrong)) from None
