"""Which tables statements write into."""

import re
from functools import cache
from typing import Any

from sqlalchemy import Engine, event

_WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


def tables_written(engine: Engine) -> set[str]:
    """A set that takes each table that a statement names to write into, whatever becomes of the statement.

    What a trigger writes is not in it.
    """
    found: set[str] = set()

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.update(_named(statement))

    return found


@cache
def _named(statement: str) -> frozenset[str]:
    return frozenset(_WRITES.findall(statement))
