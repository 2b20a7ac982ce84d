"""The lines of one file while they are checked and stored: in a private SQLite file, so that memory stays small."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from webapp import clock
from webapp.domain.storefront.rows import GivenRow
from webapp.importers.staging_database import StagingDatabase

_TABLES = """
CREATE TABLE row (line INTEGER PRIMARY KEY, tenant, ref, data, state DEFAULT 'new');
CREATE TABLE problem (line INTEGER PRIMARY KEY, reason TEXT NOT NULL);
"""
_DISAGREEING = """
INSERT OR IGNORE INTO problem
SELECT row.line, 'its reference is on ' || same.lines || ' lines, from line ' || same.first || ' to line ' || same.last
    || ', which disagree about it'
FROM (
    SELECT tenant, ref, count(*) AS lines, min(line) AS first, max(line) AS last FROM row
    GROUP BY tenant, ref HAVING count(DISTINCT data) > 1
) AS same
JOIN row ON row.tenant = same.tenant AND row.ref = same.ref
"""
_DOUBLES = """
INSERT OR IGNORE INTO problem
SELECT row.line, 'its reference is on line ' || first.line || ' already'
FROM (SELECT tenant, ref, min(line) AS line FROM row GROUP BY tenant, ref HAVING count(*) > 1) AS first
JOIN row ON row.tenant = first.tenant AND row.ref = first.ref AND row.line > first.line
"""


class StagedLine(NamedTuple):
    """A line and its row."""

    line: int
    row: GivenRow


class RowStaging(StagingDatabase):
    """The lines of one file whose rows are of one kind."""

    tables = _TABLES

    def __init__(self, kind: type[GivenRow]) -> None:
        self._kind = kind

    def add(self, lines: Iterable[StagedLine]) -> None:
        """Keep good lines."""
        rows = ((each.line, each.row.tenant, each.row.ref, _text(each.row)) for each in lines)
        self._many("INSERT INTO row (line, tenant, ref, data) VALUES (?, ?, ?, ?)", rows)

    def reject(self, problems: Iterable[tuple[int, str]]) -> None:
        """Keep what is wrong with lines."""
        self._many("INSERT OR IGNORE INTO problem VALUES (?, ?)", problems)

    def reject_doubles(self) -> None:
        """Reject all lines of a row that disagree about it, and of those that agree all but the first."""
        self._db.execute("CREATE INDEX row_ref ON row (tenant, ref, line)")
        self._db.execute(_DISAGREEING)
        self._db.execute(_DOUBLES)
        self.settle()

    def settle(self) -> None:
        """Take the rejected lines out of what will be stored."""
        self._db.execute("UPDATE row SET state = 'bad' WHERE state <> 'bad' AND line IN (SELECT line FROM problem)")

    def mark_unchanged(self, lines: Iterable[int]) -> None:
        """These are on the desk already, as they are in the file."""
        self._many("UPDATE row SET state = 'unchanged' WHERE line = ?", ((line,) for line in lines))

    def batches(self, size: int) -> Iterator[list[StagedLine]]:
        """The lines that are neither rejected nor unchanged, in order, so many at a time."""
        last = 0
        find = "SELECT line, data FROM row WHERE state = 'new' AND line > ? ORDER BY line LIMIT ?"
        while found := self._db.execute(find, (last, size)).fetchall():
            last = found[-1][0]
            yield [StagedLine(line, self._row(data)) for line, data in found]

    def problems(self) -> Iterator[tuple[int, str]]:
        """Line and reason of every rejected line, in order."""
        return self._db.execute("SELECT line, reason FROM problem ORDER BY line")

    def count(self, state: str) -> int:
        """How many lines are `new`, `unchanged` or `bad`: those too that could not even be read."""
        question = "SELECT count(*) FROM row WHERE state = ?"
        if state == "bad":
            return int(self._db.execute("SELECT count(*) FROM problem").fetchone()[0])
        return int(self._db.execute(question, (state,)).fetchone()[0])

    def _row(self, data: str) -> GivenRow:
        values = json.loads(data)
        for name in ("created_at", "updated_at"):
            values[name] = values[name] and clock.from_iso(values[name])
        return self._kind(**values)


def _text(row: GivenRow) -> str:
    return json.dumps(asdict(row), default=_iso, sort_keys=True)


def _iso(value: Any) -> str:
    return clock.iso(value)
