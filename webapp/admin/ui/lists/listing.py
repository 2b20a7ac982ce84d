"""Lists: filtered, searched and sorted by what the address says, paged by key, and exported."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.admin.ui.lists import keyset
from webapp.admin.ui.lists.columns import Column, Filter
from webapp.admin.ui.lists.keyset import Order
from webapp.admin.ui.lists.listing_state import SIZES, ListState


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
    count_up_to: int = 0
    """Count what is found up to this many; 0 counts nothing."""

    def read(self, session: Session, args: Mapping[str, str], *conditions: Any) -> "Page":
        """The page that the address asks for; `conditions` are the screen's own (a tab)."""
        state = ListState.of(self, args)
        query = self.query(state, *conditions)
        order = self.order(state)
        rows, earlier, later = _window(session, query, order, state)
        return Page(self, state, rows, earlier, later, self._count(session, query))

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
            query = order.sorted(self._placed(state, order, conditions)).limit(size)
            with reading() as session:
                rows = list(session.execute(query if position is None else order.beyond(query, position)))
            if rows:
                yield rows
            if len(rows) < size:
                return
            position = _position(rows[-1], order)

    def _placed(self, state: ListState, order: Order, conditions: Sequence[Any]) -> Select[Any]:
        return self.query(state, *conditions).add_columns(order.value.label("place_"))

    def _count(self, session: Session, query: Select[Any]) -> tuple[int, bool] | None:
        if not self.count_up_to:
            return None
        some = query.order_by(None).limit(self.count_up_to + 1).subquery()
        found = session.scalar(select(func.count()).select_from(some)) or 0
        return min(found, self.count_up_to), found > self.count_up_to


@dataclass(frozen=True)
class Page:
    """One page of a list, and the addresses around it."""

    listing: Listing
    state: ListState
    rows: list[Any]
    earlier: str | None
    later: str | None
    count: tuple[int, bool] | None
    sizes = SIZES

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that the table shows, their labels translated once and not for every cell."""
        shown = [column for column in self.listing.columns if column.shown and self._has(column)]
        return [replace(column, label=str(column.label)) for column in shown]

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


def _window(
    session: Session, query: Select[Any], order: Order, state: ListState
) -> tuple[list[Any], str | None, str | None]:
    query = query.add_columns(order.value.label("place_"))
    backwards = state.before is not None
    cursor = state.before or state.after
    position = keyset.decode(cursor, order) if cursor else None
    if position is None:
        backwards = False
    else:
        query = order.beyond(query, position, backwards=backwards)
    found = list(session.execute(order.sorted(query, backwards=backwards).limit(state.size + 1)))
    more, rows = len(found) > state.size, found[: state.size]
    if backwards:
        rows.reverse()
    first = keyset.encode(_position(rows[0], order)) if rows and (more if backwards else position is not None) else None
    last = keyset.encode(_position(rows[-1], order)) if rows and (backwards or more) else None
    return rows, first, last


def _position(row: Any, order: Order) -> list[Any]:
    return [row.key_] if len(order.parts) == 1 else [row.place_, row.key_]
