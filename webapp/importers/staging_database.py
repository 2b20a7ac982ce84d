"""A private SQLite file for the lines of one import, which goes when it ends: so memory stays small."""

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

_CACHE = 20_000
"""KiB of the file kept in memory."""


class StagingDatabase:
    """What is too much for memory. `tables` makes its tables; it lasts as long as the `with`."""

    tables: ClassVar[str]

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="escrow-desk-import-")
        self._db = sqlite3.connect(Path(self._folder.name) / "lines.sqlite3", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE}", "temp_store = FILE"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(self.tables)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._folder.cleanup()

    def _many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")
