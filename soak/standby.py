"""A second PostgreSQL that follows the first, for a fail-over."""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from soak.servers import PostgreSQL

_PATIENCE = 20.0


def ask(sockets: Path, statement: str, port: int = 5432) -> object:
    """The first row of a statement's answer, from a server that may only just have been started."""
    url, ends = f"postgresql://postgres@/postgres?host={sockets}&port={port}", time.monotonic() + _PATIENCE
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchone() if found.description else None
        assert time.monotonic() < ends, statement
        time.sleep(0.02)


def follow(sockets: Path, port: int = 5432) -> None:
    """Wait until a standby follows: a commit that waits for one that is not there would never end."""
    ends = time.monotonic() + _PATIENCE
    while ask(sockets, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", port) != (1,):
        assert time.monotonic() < ends, "no standby"
        time.sleep(0.02)


def standby_of(first: PostgreSQL, folder: Path, port: int = 5432) -> tuple[list[str], Path]:
    """The command that serves a copy which follows the first server, and the folder of its socket."""
    data, sockets = folder / "standby", folder / "standby-sockets"
    tool = str(Path(first.command[0]).with_name("pg_basebackup"))
    for each in (data, sockets):
        each.mkdir(mode=0o700)
        if first.user:
            shutil.chown(each, first.user)
    sockets.chmod(0o777)
    copy = [tool, "-D", str(data), "-h", str(first.socket.parent), "-p", str(port), "-U", "postgres", "-R"]
    subprocess.run([*copy, "-X", "stream", "-c", "fast"], user=first.user, check=True, capture_output=True)
    return [first.command[0], "-D", str(data), "-k", str(sockets)], sockets
