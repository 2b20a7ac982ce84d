"""A PostgreSQL of the machine's own that has pg_trgm, on a socket in a folder: the one of the tests comes without."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

_PLACES = "/usr/lib/postgresql/*/bin"
_SETTINGS = (
    "listen_addresses = ''",
    "shared_buffers = 1GB",
    "max_wal_size = 4GB",
    "fsync = off",
    "max_connections = 100",
)
_PATIENCE = 60.0
SERVER_USER = "postgres"
"""Who runs it where this is root: it refuses to be."""


def programs() -> Path | None:
    """The folder of the newest one's programs; None when no such server is installed."""
    folders = [*Path("/").glob(_PLACES.lstrip("/")), *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    having = [each for each in folders if (each / "pg_ctl").exists() and _has_trigrams(each)]
    return max(having, key=_major, default=None)


def _has_trigrams(folder: Path) -> bool:
    program = folder / "pg_config"
    if not program.exists():
        return False
    answer = subprocess.run([program, "--sharedir"], capture_output=True, text=True, check=False)
    # Debian's pg_config says where its newest development files are; each version's own folder is besides it.
    shares = [Path(answer.stdout.strip()), Path("/usr/share/postgresql", folder.parent.name)]
    return any((each / "extension" / "pg_trgm.control").exists() for each in shares)


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of its first database, until the block ends. What is in the folder stays there.

    Raises RuntimeError when none is installed.
    """
    found = programs()
    if found is None:
        raise RuntimeError("No PostgreSQL with pg_trgm is here: sudo apt-get install postgresql")
    data, sockets = folder / "data", folder / "sockets"
    if not data.exists():
        _prepare(found, folder, data, sockets)
    command = [found / "postgres", "-D", data, "-k", sockets]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, user=_user())
    try:
        yield _ready(f"postgresql://{SERVER_USER}@/postgres?host={sockets}")
    finally:
        process.send_signal(signal.SIGINT)  # fast: whoever is connected is cut off
        process.wait()


def _prepare(programs_of: Path, folder: Path, data: Path, sockets: Path) -> None:
    for each in (data, sockets):
        each.mkdir(parents=True)
        if _user() is not None:
            shutil.chown(each, SERVER_USER)
    folder.chmod(0o755)
    _run([programs_of / "initdb", "-D", data, "-U", SERVER_USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
    with (data / "postgresql.conf").open("a") as settings:
        settings.writelines(f"{setting}\n" for setting in _SETTINGS)


def _run(command: Sequence[object]) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True, user=_user(), cwd="/")


def _user() -> str | None:
    return SERVER_USER if os.geteuid() == 0 else None


def _ready(address: str) -> str:
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(address).close()
            return address
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
