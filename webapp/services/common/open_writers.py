"""Waiting for transactions that have taken ids and are not committed: an id below the newest may still appear.

Who goes on from the newest id of a table, the next time, waits once before that. SQLite has one writer.
"""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models.base import Base
from webapp.sql import is_sqlite

LONGEST_WAIT, _POLL = 60.0, 0.05
"""Seconds that an open transaction is waited for, and between two looks."""
_WRITERS = text(
    "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE mode = 'RowExclusiveLock' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND relation IN (SELECT to_regclass(quote_ident(name)) FROM unnest(:tables) AS name)"
    " AND pid IS DISTINCT FROM pg_backend_pid()"
).bindparams(bindparam("tables", type_=ARRAY(String())))


def wait_for_writers(session: Session, models: tuple[type[Base], ...], check: Callable[[], None]) -> None:
    """Wait until each transaction that has written to these tables by now has ended.

    Who wrote to a table holds its lock until the end. `check` may raise to stop. Raises Conflict after a minute.
    """
    if is_sqlite(session):
        return
    tables: dict[str, Any] = {"tables": [model.__tablename__ for model in models]}
    ends = time.monotonic() + LONGEST_WAIT
    waited_for = set(session.scalars(_WRITERS, tables))
    while waited_for:
        check()
        if time.monotonic() > ends:
            raise Conflict(phrase("A transaction that writes to the ledger has been open for more than a minute."))
        time.sleep(_POLL)
        waited_for &= set(session.scalars(_WRITERS, tables))
