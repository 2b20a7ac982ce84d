"""Servers of this machine alone, each until its block ends: PgBouncer, Redis in its kinds, nginx."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from redis import Redis

from real import handbook
from real.certificates import PrivateCA
from real.packages import NGINX, PGBOUNCER, REDIS, path_of, redis_program
from soak.processes import Started, execute
from webapp.database_address import libpq_address

HOST = "127.0.0.1"
_PATIENCE = 15.0


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there. Raises OSError when not."""
    socket.create_connection((HOST, port), 2).close()
    return True


@contextmanager
def running(
    command: Sequence[str], log: Path, ready: Callable[[], object], user: str | None = None
) -> Iterator[Started]:
    """A process of ours that is ready, until the block ends. Raises AssertionError, with its log, when it never is."""
    process = execute(command, os.environ, log, user)
    try:
        ends = time.monotonic() + _PATIENCE
        while not _is_true(ready):
            assert process.poll() is None, f"{command[0]} ended: {log.read_text(errors='replace')[-2000:]}"
            assert time.monotonic() < ends, f"{command[0]} is not ready: {log.read_text(errors='replace')[-2000:]}"
            time.sleep(0.02)
        yield process
    finally:
        end(process)


def end(process: Started, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask it to end, wait, then end its group."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def _is_true(ready: Callable[[], object]) -> bool:
    with suppress(Exception):
        return bool(ready())
    return False


@contextmanager
def redis(folder: Path, *settings: str, port: int = 0) -> Iterator[int]:
    """A Redis with more settings, as its command line has them; its port."""
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    command = [redis_program(), "--port", str(port), "--bind", HOST, "--dir", str(folder), "--save", "", *settings]

    def answers() -> bool:
        with Redis(port=port, socket_timeout=1) as client:
            return bool(client.info("server"))

    with running(command, folder / "log", answers):
        yield port


@contextmanager
def redis_of(folder: Path, conf: str, port: int) -> Iterator[None]:
    """Debian's Redis with this file, which listens on the port."""
    file = folder / "redis.conf"
    file.write_text(f'{conf}\nbind {HOST}\ndir {folder}\nsave ""\n')
    with running([path_of(REDIS), str(file)], folder / "log", lambda: listens(port)):
        yield


@contextmanager
def redis_over_tls(folder: Path, ca: PrivateCA, *hosts: str, days: float = 90, more: str = "") -> Iterator[int]:
    """A Redis that speaks nothing but TLS, with a certificate of the CA that ends after `days`; its port.

    `more` is further lines of its file.

    It is Debian's: the Valkey that comes along was built without TLS.
    """
    folder.mkdir(exist_ok=True)
    certificate, key = ca.issue("redis", *hosts, days=days)
    port = free_port()
    lines = ["port 0", f"tls-port {port}", f"tls-cert-file {certificate}", f"tls-key-file {key}"]
    lines += [f"tls-ca-cert-file {ca.certificate}", "tls-auth-clients no", more]
    with redis_of(folder, "\n".join(lines), port):
        yield port


@contextmanager
def sentinel(folder: Path, primary: int, *, quorum: int = 1, ca: PrivateCA | None = None) -> Iterator[int]:
    """One of so many Sentinels (alone by default) that decide about the Redis at this port; its own port.

    It has the handbook's file, but for times that are a fifth of those there; with a CA also what TLS needs.
    """
    folder.mkdir(exist_ok=True)
    port, file = free_port(), folder / "sentinel.conf"
    watching, over_tls = handbook.blocks("Redis with Sentinels", "conf")
    times = {"down-after-milliseconds desk 5000": "down-after-milliseconds desk 1000", "desk 30000": "desk 6000"}
    places = {"port 26379": f"port {port}", "redis1.example.com 6379 2": f"{HOST} {primary} {quorum}"} | times
    conf, trust = handbook.replaced(watching, places), dict[str, Any]()
    if ca is not None:
        certificate, key = ca.issue("sentinel")
        files = {"sentinel.pem": certificate, "sentinel.key": key, "ca.pem": ca.certificate}
        places = {f"/etc/redis/{name}": str(place) for name, place in files.items()} | {"26379": str(port)}
        conf = conf.replace(f"port {port}\n", "") + handbook.replaced(over_tls, places)
        trust = {"ssl": True, "ssl_ca_certs": str(ca.certificate)}
    file.write_text(f"{conf}bind {HOST}\ndir {folder}\n")
    program = redis_program() if ca is None else path_of(REDIS)
    with running([program, str(file), "--sentinel"], folder / "log", lambda: Redis(port=port, **trust).ping()):
        yield port


def owner_of(url: str) -> str:
    """Who runs the PostgreSQL whose socket the address names."""
    sockets = Path(dict(parse_qsl(urlsplit(libpq_address(url)).query))["host"])
    socket = sockets / ".s.PGSQL.5432"
    return (socket if socket.exists() else sockets).owner()


@contextmanager
def pgbouncer(folder: Path, url: str, **settings: str) -> Iterator[str]:
    """A PgBouncer before the database of this address, with settings over those of the handbook; the desk's URL."""
    name, port = urlsplit(url).path.lstrip("/"), free_port()
    sockets = dict(parse_qsl(urlsplit(libpq_address(url)).query))["host"]
    given = {
        "listen_addr": HOST,
        "listen_port": str(port),
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": "4",
    } | settings
    database = f"{name} = host={sockets} dbname={name} user=postgres"
    lines = ["[databases]", database, "[pgbouncer]", *(f"{key} = {value}" for key, value in given.items()), ""]
    with pgbouncer_of(folder, "\n".join(lines), port, url):
        yield f"postgresql://desk@{HOST}:{port}/{name}"


@contextmanager
def pgbouncer_of(folder: Path, ini: str, port: int, url: str) -> Iterator[None]:
    """A PgBouncer with this file, which listens on the port and whose last section is PgBouncer's own.

    `url` is straight to the PostgreSQL behind it.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    file = folder / "pgbouncer.ini"
    file.write_text(f"{ini}\nunix_socket_dir =\n")
    file.chmod(0o644)
    # It refuses to run as root, and who runs PostgreSQL may always open its socket.
    user = owner_of(url) if os.getuid() == 0 else None
    with running([path_of(PGBOUNCER), str(file)], folder / "log", lambda: listens(port), user):
        yield


@contextmanager
def nginx(folder: Path, block: str, port: int) -> Iterator[None]:
    """An nginx with this block among what it needs besides; `port` is where the block listens."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    user = ["user root;"] if os.getuid() == 0 else []
    file = folder / "nginx.conf"
    file.write_text(
        "\n".join([*user, "daemon off;", "worker_processes 1;", f"pid {folder}/pid;", "error_log stderr;"])
        + "\nevents {}\nhttp {\naccess_log off;\n"
        + "\n".join([*places, block, "}", ""])
    )
    command = [path_of(NGINX), "-c", str(file), "-p", str(folder), "-e", "stderr"]
    with running(command, folder / "log", lambda: listens(port)):
        yield
