"""What the sandbox knows, in a small SQLite file: things of a kind under a key, and what is due."""

import json
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp import clock
from webapp.private_files import private_folder

Data = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS things (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, parent TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL, data TEXT NOT NULL, UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS things_in_order ON things (kind);
CREATE INDEX IF NOT EXISTS things_of_parent ON things (kind, parent);
CREATE TABLE IF NOT EXISTS tasks (
    key TEXT PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_by_time ON tasks (at);
"""
_COLUMNS = "number, kind, key, parent, at, data"


@dataclass
class Thing:
    """One thing in the store; `data` is saved by `Store.save`."""

    number: int
    kind: str
    key: str
    parent: str
    at: float
    data: Data


class Store:
    """One connection and one lock: what is done inside `writing` is seen whole, or not at all."""

    def __init__(self, file: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="desk-sandbox-") if file is None else None
        self.file = file or Path(self._folder.name if self._folder else "", "sandbox.sqlite3")
        private_folder(self.file.parent)
        self._lock, self._depth = threading.RLock(), 0
        self._connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level=None, timeout=5)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Look and write as one; an exception undoes it. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """One statement, and its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def add(self, kind: str, key: str, data: Data, *, parent: str = "", at: float | None = None) -> Thing | None:
        """Write down something new; None if there is one of this kind and key already."""
        when = clock.now().timestamp() if at is None else at
        rows = self.execute(
            f"INSERT INTO things (kind, key, parent, at, data) VALUES (?, ?, ?, ?, ?) "
            f"ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            (kind, key, parent, when, json.dumps(data)),
        )
        return _things(rows)[0] if rows else None

    def get(self, kind: str, key: str) -> Thing | None:
        """The one of this kind and key."""
        return _first(self.execute(f"SELECT {_COLUMNS} FROM things WHERE kind = ? AND key = ?", (kind, key)))

    def numbered(self, kind: str, number: int) -> Thing | None:
        """The one of this kind with this number."""
        return _first(self.execute(f"SELECT {_COLUMNS} FROM things WHERE number = ? AND kind = ?", (number, kind)))

    def save(self, thing: Thing) -> None:
        """Keep what was changed in it."""
        self.execute("UPDATE things SET data = ? WHERE number = ?", (json.dumps(thing.data), thing.number))

    def count(self, kind: str, **narrow: Any) -> int:
        """How many there are."""
        where, values = _where(kind, **narrow)
        return int(self.execute(f"SELECT count(*) FROM things WHERE {where}", values)[0][0])

    def listed(
        self, kind: str, *, limit: int = 1000, offset: int = 0, newest: bool = False, **narrow: Any
    ) -> list[Thing]:
        """Those of a kind in the order they came; what narrows it is in `_NARROW`."""
        where, values = _where(kind, **narrow)
        order = "DESC" if newest else "ASC"
        return self.chosen(where, values, order, limit, offset)

    def chosen(self, where: str, values: Sequence[Any], order: str, limit: int, offset: int) -> list[Thing]:
        """Those for which a condition of the caller's holds."""
        statement = f"SELECT {_COLUMNS} FROM things WHERE {where} ORDER BY number {order} LIMIT ? OFFSET ?"
        return _things(self.execute(statement, (*values, limit, offset)))

    def next_number(self) -> int:
        """A number that no other thing gets."""
        thing = self.add("number", uuid.uuid4().hex, {})
        assert thing is not None
        self.execute("DELETE FROM things WHERE number = ?", (thing.number,))
        return thing.number

    def kinds(self) -> dict[str, int]:
        """How many there are of each kind."""
        return dict(self.execute("SELECT kind, count(*) FROM things GROUP BY kind ORDER BY kind"))

    def reset(self) -> None:
        """Forget everything."""
        with self.writing():
            self.execute("DELETE FROM things")
            self.execute("DELETE FROM tasks")

    def close(self) -> None:
        """Let go of the file; a store without a place of its own is removed."""
        with self._lock:
            self._connection.close()
        if self._folder:
            self._folder.cleanup()


_NARROW = {
    "parent": "parent = ?",
    "since": "at >= ?",
    "until": "at <= ?",
    "after": "number > ?",
    "before": "number < ?",
    "key": "key = ?",
    "not_status": "json_extract(data, '$.status') <> ?",
    "to": "json_extract(data, '$.to') = ?",
    "status": "json_extract(data, '$.status') = ?",
}


def _where(kind: str, **narrow: Any) -> tuple[str, list[Any]]:
    given = {name: value for name, value in narrow.items() if value is not None}
    return " AND ".join(["kind = ?", *(_NARROW[name] for name in given)]), [kind, *given.values()]


def _things(rows: list[Any]) -> list[Thing]:
    return [Thing(number, kind, key, parent, at, json.loads(data)) for number, kind, key, parent, at, data in rows]


def _first(rows: list[Any]) -> Thing | None:
    return _things(rows)[0] if rows else None
