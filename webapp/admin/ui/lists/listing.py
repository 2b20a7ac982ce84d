"""Lists: filtered, searched and sorted by what the address says, paged by key, and exported."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import request
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.admin.ui.lists import keyset
from webapp.admin.ui.lists.columns import Column, Filter
from webapp.admin.ui.lists.found import Found, found
from webapp.admin.ui.lists.keyset import Cursor, Order
from webapp.admin.ui.lists.listing_state import SIZES, ListState, from_list
from webapp.services.ledger import accounts


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows. `key` is the unique integer that breaks ties; `sort` is its own order, `-name` to descend."""

    key: Any
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    search: Callable[[str], Any] | None = None
    search_hint: Any = ""
    sort: str = "-id"
    source: Callable[[Select[Any]], Select[Any]] = lambda query: query
    """Adds joins and conditions that always hold."""

    def read(self, session: Session, args: Mapping[str, str], *conditions: Any) -> "Page":
        """The page that the address asks for; `conditions` are the screen's own (a tab)."""
        state = ListState.of(self, args)
        query = self.query(state, *conditions)
        order = self.order(state)
        window = _window(session, query, order, state)
        whole = window.earlier is None and window.later is None
        counted = found(session, query, len(window.rows), window.before, whole=whole)
        currencies = self._currencies(session, state)
        return Page(self, state, window.rows, window.earlier, window.later, counted, currencies)

    def _currencies(self, session: Session, state: ListState) -> Sequence[str]:
        """Which can be chosen: those that the desk holds, and the one that is chosen already."""
        names = [filter_.name for filter_ in self.filters if filter_.kind == "currency"]
        chosen = {state.values[name] for name in names if name in state.values}
        return sorted(chosen.union(accounts.held_currencies(session))) if names else ()

    def query(self, state: ListState, *conditions: Any) -> Select[Any]:
        """Everything that is found, in no order."""
        named = [column.value.label(column.name) for column in self.columns]
        query = self.source(select(*named, self.key.label("key_"))).where(*conditions)
        for filter_, value in state.chosen(self.filters):
            query = query.where(filter_.clause(value))
        return query.where(self.search(state.search)) if state.search and self.search else query

    def order(self, state: ListState) -> Order:
        """The order that was asked for, or the list's own."""
        value = next(
            (column.sort_value for column in self.columns if column.sort is not False and column.name == state.sort),
            self.key,
        )
        return Order(value, self.key, state.descending)

    def batches(
        self, reading: Callable[[], Any], args: Mapping[str, str], *conditions: Any, size: int = 1000
    ) -> Iterator[list[Any]]:
        """Everything that is found, in batches; each reads in a session of its own: nothing is held long."""
        state = ListState.of(self, args)
        order, position = self.order(state), None
        while True:
            query = order.sorted(order.with_places(self.query(state, *conditions))).limit(size)
            with reading() as session:
                rows = list(session.execute(query if position is None else order.beyond(query, position)))
            if rows:
                yield rows
            if len(rows) < size:
                return
            position = order.position(rows[-1])


@dataclass(frozen=True)
class Page:
    """One page of a list, and the addresses around it."""

    listing: Listing
    state: ListState
    rows: list[Any]
    earlier: str | None
    later: str | None
    found: Found
    currencies: Sequence[str] = ()
    """What a filter by currency offers."""
    sizes = SIZES

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that the table shows, their labels translated once and not for every cell."""
        shown = [column for column in self.listing.columns if column.shown and self._has(column)]
        return [replace(column, label=str(column.label), link=self._link_of(column)) for column in shown]

    def _link_of(self, column: Column) -> Callable[[Any], str] | None:
        """The page of a row leads back to the list as it is; pages of other things have lists of their own."""
        link, here = column.link, request.path.rstrip("/") + "/"
        if link is None or column.kind != "ref":
            return link

        def leading_back(row: Any) -> str:
            address = link(row)
            return from_list(address, self.state.args) if address.startswith(here) else address

        return leading_back

    def _has(self, column: Column) -> bool:
        """Whether the table has it: a sparse one only when a row does."""
        return not column.sparse or any(getattr(row, column.name) is not None for row in self.rows)

    def sort_direction(self, column: Column) -> str | None:
        """`ascending` or `descending` for the column that is sorted by."""
        if column.name != self.state.sort:
            return None
        return "descending" if self.state.descending else "ascending"

    def link(self, **changes: str | None) -> str:
        """The address of this list with changes; changing anything starts at the first page."""
        return self.state.link(**changes)


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows of a page, the cursors of the pages around it, and how many rows are before it, where that is known."""

    rows: list[Any]
    earlier: str | None
    later: str | None
    before: int | None


def _window(session: Session, query: Select[Any], order: Order, state: ListState) -> _Window:
    query = order.with_places(query)
    cursor = state.before or state.after
    at = keyset.decode(cursor, order) if cursor else None
    backwards = at is not None and state.before is not None
    if at is not None:
        query = order.beyond(query, at.position, backwards=backwards)
    rows = list(session.execute(order.sorted(query, backwards=backwards).limit(state.size + 1)))
    more, rows = len(rows) > state.size, rows[: state.size]
    if backwards:
        rows.reverse()
    is_first = not more if backwards else at is None
    before = 0 if is_first else _rows_before(at, len(rows), backwards=backwards)
    if not rows:
        return _Window([], None, None, None)
    earlier = None if is_first else keyset.encode(order.position(rows[0]), before)
    after = None if before is None else before + len(rows)
    later = keyset.encode(order.position(rows[-1]), after) if backwards or more else None
    return _Window(rows, earlier, later, before)


def _rows_before(at: Cursor | None, shown: int, *, backwards: bool) -> int | None:
    """What the address says of the rows before this page; nothing where that can't be, for rows came or went."""
    if at is None or at.before is None:
        return None
    before = at.before - shown if backwards else at.before
    return before if before > 0 else None
