"""A Redis of the test's own, which may be killed, frozen, filled, cut and replaced."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from webapp.local import redis_server


class RedisServer:
    """One server, on a socket in its folder; `port` besides, for a replica to reach it."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        folder.mkdir()
        self.folder, self.socket, self.port = folder, folder / "redis.sock", port
        self.redis = Redis.from_url(f"unix://{self.socket}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, with what is in the folder."""
        command = [*redis_server.command(self.socket), "--port", str(self.port), "--appendfsync", "always"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            with suppress(RedisError):
                if self.redis.ping():
                    return
            time.sleep(0.01)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """End it as a crash does."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)
        self._process = None
        self.redis.close()

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def append_only_file(self) -> Path:
        """The file of commands that it starts with."""
        [file] = self.folder.rglob("*.incr.aof")
        return file


@contextmanager
def serving(folder: Path, *, port: int = 0) -> Iterator[RedisServer]:
    """A server until the block ends."""
    server = RedisServer(folder, port=port)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def point(link: Path, server: RedisServer) -> None:
    """Let the address of the desk's Redis lead to this server."""
    fresh = link.with_suffix(".new")
    fresh.symlink_to(server.socket)
    os.replace(fresh, link)
