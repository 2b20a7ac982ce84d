"""What a migration must not do to a table that is long and in use, judged by the statements that it really sends to
PostgreSQL.

Each complaint says what to write instead. A table that the migration makes itself is empty: anything may be done to it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Engine, event

KNOWN = frozenset(f"{number:04}" for number in range(1, 63))
"""Those from before the linter. No release has them: every database that a release meets was made by all of them at
once, when its tables were empty. At a release, what it brings is added here.
"""
SMALL = frozenset(
    {"schedule", "stored_setting", "desk_role", "payout_pause", "job_total", "process", "report", "alembic_version"}
)
"""Tables that have as many rows as the desk has jobs, settings, roles, processes: never a long lock. Alembic's has one,
which each migration changes.
"""


class Statement(NamedTuple):
    """What was sent, and whether it was committed by itself."""

    sql: str
    alone: bool


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Every statement that any engine of this process sends meanwhile."""
    statements: list[Statement] = []

    def note(connection, _cursor, sql, _parameters, _context, _many) -> None:  # type: ignore[no-untyped-def]
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        statements.extend(Statement(each, alone) for each in statements_of(sql))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def complaints(statements: Sequence[Statement], existing: Collection[str]) -> list[str]:
    """What these statements of one migration may not do where these tables exist, with what to do instead."""
    found = []
    for statement in statements:
        if re.match(r"DO\b", statement.sql, re.I):
            found.append(f"{statement.sql}: nobody can read what DO does. Write its statements by themselves.")
        for pattern, advice in _RULES:
            match = re.search(pattern, statement.sql, re.I)
            if match and match["table"].strip('"').lower() in set(existing) - SMALL:
                found.append(f"{statement.sql[:200]}: {advice}")
    return [*found, *_in_one_go(statements), *_not_repeatable(statements)]


def _in_one_go(statements: Sequence[Statement]) -> Iterator[str]:
    """The lock of the statement that adds it is kept to the transaction's end, so all the while that rows are read."""
    for statement in statements:
        if not statement.alone and re.match(r"ALTER TABLE \S+ VALIDATE CONSTRAINT", statement.sql, re.I):
            yield f"{statement.sql}: made valid in the transaction that may have added it. Take `check_online`."


def _not_repeatable(statements: Sequence[Statement]) -> Iterator[str]:
    """What is committed by itself is so before the migration is noted as done: it may be run again from the start."""
    if not any(each.alone and re.match("CREATE|ALTER|DROP", each.sql, re.I) for each in statements):
        return
    for statement in statements:
        makes = re.match(r"CREATE TABLE|ALTER TABLE \S+ ADD COLUMN|INSERT|UPDATE|DELETE", statement.sql, re.I)
        if makes and "alembic_version" not in statement.sql and "IF NOT EXISTS" not in statement.sql.upper():
            yield f"{statement.sql[:200]}: done twice after a cut. Put it into a migration of its own."


_TABLE = r'(?P<table>"?\w+"?)'
_ALTER = rf"^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_TABLE} "
_VOLATILE = r"DEFAULT\s+(?!now\(\)|current_timestamp)[\w.]+\s*\("
_RULES = (
    (
        rf"^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*? ON (?:ONLY )?{_TABLE}",
        "nobody writes while it is built. Take `index_online` of `webapp.migrations.online`.",
    ),
    (rf"{_ALTER}ADD COLUMN .*{_VOLATILE}", "a volatile default writes every row anew. Add it empty; a job fills it."),
    (
        rf"{_ALTER}ADD COLUMN .*\b(?:SERIAL|BIGSERIAL|GENERATED)\b",
        "every row is written anew. Add it empty; a job fills it.",
    ),
    (
        rf"{_ALTER}ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b",
        "rows that are there have no value. Give a default, or let it be null.",
    ),
    (
        rf"{_ALTER}ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY)(?!.*NOT VALID)",
        "every row is read under a lock. Add it NOT VALID, as `check_online` does.",
    ),
    (
        rf"{_ALTER}ADD COLUMN .*\b(?:CHECK|REFERENCES|UNIQUE|PRIMARY KEY)\b",
        "the column's constraint is made valid in one go. Add the column alone, then `check_online`.",
    ),
    (
        rf"{_ALTER}ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)(?!.*USING INDEX)",
        "its index is built under a lock. Take `index_online` with `unique=True`.",
    ),
    (
        rf"{_ALTER}ALTER COLUMN \S+ SET NOT NULL",
        "every row is read under a lock. Take `check_online` with `… IS NOT NULL`.",
    ),
    (
        rf"{_ALTER}ALTER COLUMN \S+ (?:SET DATA )?TYPE ",
        "every row is written anew. Add a column beside it; a job fills it.",
    ),
    (rf"^UPDATE (?:ONLY )?{_TABLE}", "every row is locked until all is done. A job fills it in chunks."),
    (rf"^DELETE FROM (?:ONLY )?{_TABLE}", "every row is locked until all is done. A job deletes it in chunks."),
    (rf"^(?:CLUSTER|VACUUM FULL|LOCK TABLE|REINDEX TABLE(?! CONCURRENTLY)) {_TABLE}", "the whole table is locked."),
)


def statements_of(sql: str) -> list[str]:
    """The statements of a text, without what stands in quotes, bodies of functions and remarks; blanks are single."""
    bare = re.sub(r"\$(\w*)\$.*?\$\1\$", "$$", sql, flags=re.S)
    bare = re.sub(r"'(?:[^']|'')*'", "''", bare)
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", bare, flags=re.S)
    return [" ".join(each.split()) for each in bare.split(";") if each.strip()]
