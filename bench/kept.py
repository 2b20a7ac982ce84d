"""A full database that outlives a benchmark: in the folder BENCH_PLACE, filled once for each number of rows."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench import full_market, places, trigram_server
from webapp.migrations import upgrade
from webapp.runtime import Runtime, build_runtime
from webapp.settings import load_settings


@contextmanager
def filled(count: int) -> Iterator[Runtime]:
    """A desk with so many orders, on a PostgreSQL that finds parts by an index where the machine has one."""
    with ExitStack() as stack:
        url, folder = _address(stack, count)
        upgrade(url)
        runtime = _desk(stack, url, folder)
        with runtime.db.engine.connect() as connection:
            there = full_market.rows(connection)
        if there != count:
            full_market.fill(runtime, count)
        yield runtime


@contextmanager
def copied(source: Runtime, count: int) -> Iterator[Runtime]:
    """The same desk on SQLite."""
    with ExitStack() as stack:
        folder = _folder(stack, "sqlite")
        url = f"sqlite:///{folder / f'{count}.sqlite3'}"
        upgrade(url)
        runtime = _desk(stack, url, folder)
        with runtime.db.engine.connect() as connection:
            there = full_market.rows(connection)
        if there != count:
            full_market.copy(source, runtime)
        yield runtime


def _address(stack: ExitStack, count: int) -> tuple[str, Path]:
    folder = _folder(stack, "postgresql")
    if trigram_server.programs() is None:
        return stack.enter_context(places.address("postgresql", folder)), folder
    server = stack.enter_context(trigram_server.serving(folder))
    name = f"rows_{count}"
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    return server.replace("/postgres?", f"/{name}?"), folder


def _folder(stack: ExitStack, kind: str) -> Path:
    place = os.environ.get("BENCH_PLACE") or stack.enter_context(tempfile.TemporaryDirectory(prefix="escrow-bench-"))
    folder = Path(place, kind)
    folder.mkdir(parents=True, exist_ok=True)
    Path(place).chmod(0o755)
    return folder


def _desk(stack: ExitStack, url: str, folder: Path) -> Runtime:
    made = build_runtime(load_settings(env="test", database_url=url, var_dir=folder))
    stack.callback(made.db.close)
    return made
