"""How many rows a list found, said without counting a whole table, and which of them a page shows."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.admin.ui.formatting import number
from webapp.sql import is_sqlite

COUNTED = 10_000
"""Rows that are counted; beyond them a list says "over 10,000"."""
PATIENCE = 250
"""Milliseconds that counting may take: rows that a filter seldom takes may lie far apart in a large table."""
_CANCELLED = "57014"
"""PostgreSQL's code for a statement that its time-out ended."""
_STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a list tells of itself.

    `count` is how many were found; with `over` there are more than that. None where counting took too long.
    `first` is the place of the page's first row among them, from 1; None where the address doesn't tell.
    """

    shown: int
    count: int | None
    over: bool = False
    first: int | None = None

    def __str__(self) -> str:
        """`1–25 of 3,412` in the reader's language; nothing for an empty page."""
        if not self.shown:
            return ""
        count = number(self.count) if self.count is not None else ""
        if self.count is None:
            return _("%(rows)s of many", rows=self._rows())
        if self.over:
            return _("%(rows)s of over %(count)s", rows=self._rows(), count=count)
        return _("%(rows)s of %(count)s", rows=self._rows(), count=count)

    def _rows(self) -> str:
        if self.first is None:
            return number(self.shown)
        last = self.first + self.shown - 1
        return f"{number(self.first)}–{number(last)}" if self.shown > 1 else number(last)


def found(session: Session, query: Select[Any], shown: int, before: int | None, *, whole: bool) -> Found:
    """What is told of a page with `shown` rows and `before` rows before it; `whole`: it shows all that was found."""
    if whole:
        return Found(shown, shown, first=1)
    count, over = count_up_to(session, query, COUNTED)
    first = before + 1 if before is not None else None
    if first is not None and count is not None and not over and first + shown - 1 > count:
        first = None  # Rows have gone since the address was made.
    return Found(shown, count, over, first)


def count_up_to(session: Session, query: Select[Any], most: int) -> tuple[int | None, bool]:
    """How many rows the query finds, at most `most`, and whether there are more; None if that can't be told soon."""
    some = query.order_by(None).limit(most + 1).subquery()
    rows = _patiently(session, select(func.count()).select_from(some))
    return (None, False) if rows is None else (min(rows, most), rows > most)


def _patiently(session: Session, statement: Select[Any]) -> int | None:
    return _on_sqlite(session, statement) if is_sqlite(session) else _on_postgresql(session, statement)


def _on_postgresql(session: Session, statement: Select[Any]) -> int | None:
    connection = session.connection()
    # Rolled back in any case: it gives the transaction back its own time-out, and the rest of its life.
    point = connection.begin_nested()
    try:
        connection.execute(text(f"SET LOCAL statement_timeout = {PATIENCE}"))
        return int(connection.execute(statement).scalar_one())
    except OperationalError as problem:
        if getattr(problem.orig, "sqlstate", None) != _CANCELLED:
            raise
        return None
    finally:
        point.rollback()


def _on_sqlite(session: Session, statement: Select[Any]) -> int | None:
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    end = time.monotonic() + PATIENCE / 1000
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        return int(connection.execute(statement).scalar_one())
    except OperationalError as problem:
        if getattr(problem.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        driver.set_progress_handler(None, 0)
