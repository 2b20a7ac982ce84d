"""Statements compiled once in a test process instead of once in every test's desk: a third of the suite's time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

from webapp.db import Database

_MOST = 5_000


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let every database of this process use what the first of its kind has compiled.

    SQLAlchemy keeps compiled statements by engine and dialect, and has no public way to share them among engines.
    """
    real, cache, shared = Database.__init__, LRUCache(_MOST), {}

    def made(self: Database, *args: Any, **how: Any) -> None:
        real(self, *args, **how)
        engine: Any = self.engine
        dialect: Dialect = engine.dialect
        engine._compiled_cache = cache
        if dialect.name in shared:
            engine.dialect = shared[dialect.name]
        else:
            # A dialect knows its server only after its first connection.
            event.listen(engine.pool, "first_connect", lambda *_: shared.setdefault(dialect.name, dialect))

    Database.__init__ = made  # type: ignore[method-assign]
    yield
    Database.__init__ = real  # type: ignore[method-assign]
