"""What a page asks the database: how many statements, how long each took, and the plan of the slowest."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

_WIDTH = 4_000


@dataclass(frozen=True, slots=True)
class Statement:
    """One that was sent, and its milliseconds until the first rows."""

    sql: str
    parameters: Any
    took: float


@dataclass
class Watched:
    """Those of one request."""

    statements: list[Statement] = field(default_factory=list)

    @property
    def slowest(self) -> Statement | None:
        """The one that took longest; None where nothing was asked."""
        return max(self.statements, key=lambda each: each.took, default=None)


@contextmanager
def watched(engine: Engine) -> Iterator[Watched]:
    """All statements until the block ends."""
    found = Watched()

    def before(_connection: Any, _cursor: Any, _sql: str, _given: Any, context: Any, _many: bool) -> None:
        context.bench_began = time.perf_counter()

    def after(_connection: Any, _cursor: Any, sql: str, given: Any, context: Any, _many: bool) -> None:
        if context is not None and not sql.startswith("SET LOCAL"):
            found.statements.append(Statement(sql, given, (time.perf_counter() - context.bench_began) * 1000))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def plan(engine: Engine, statement: Statement) -> str:
    """How the database carries it out; on PostgreSQL it is carried out once more for that."""
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS)"
    with engine.connect() as connection:
        rows: Sequence[Any] = connection.exec_driver_sql(f"{explain} {statement.sql}", statement.parameters).all()
        connection.rollback()
    return "\n".join(str(row[-1]) for row in rows)[:_WIDTH]


def shown(statement: Statement) -> str:
    """In one line, with what it was given."""
    return f"{statement.took:.1f} ms: {' '.join(statement.sql.split())[:_WIDTH]} ← {str(statement.parameters)[:400]}"
