"""A desk that was started as a newcomer would start it, in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import requests

from tests.faults.desk import until
from tests.support import forked
from tests.support.forked import Forked
from tests.support.paths import ROOT


class LocalDesk:
    """`desk up` under way, from the checkout; what it says goes to a file beside its folder."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.port = free_port()
        self.folder, self.options = folder, options
        self.environment = clean_environment() | {"PORT": str(self.port), "VAR_DIR": str(folder)} | environment
        self.log = folder.with_name(f"up-{self.port}.log")
        self.process = self._start()

    def _start(self) -> Forked | subprocess.Popen[bytes]:
        return forked.desk("up", *self.options, environment=self.environment, log=self.log)

    def wait_until_ready(self, seconds: float = 150) -> None:
        """Return as soon as it answers that it is ready, and has told so whoever started it."""
        until(lambda: self.get("/readyz").status_code == 200 and "is ready" in self.said(), seconds)

    def get(self, path: str) -> requests.Response:
        """Ask the web server."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)

    def child(self, part: str) -> psutil.Process:
        """The running child whose command line holds this."""
        return next(child for child in self.children() if part in " ".join(child.cmdline()))

    def children(self) -> list[psutil.Process]:
        """Every process below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[str, list[psutil.Process]]:
        """Stop it as Ctrl-C does; what it said, and which of its processes are left."""
        below = self.children()
        self.process.send_signal(number)
        self.process.wait(40)
        _gone, left = psutil.wait_procs(below, timeout=5)
        return self.said(), left

    def said(self) -> str:
        """What it said so far."""
        return self.log.read_text()

    def end(self) -> None:
        """Leave nothing behind after a test that failed half-way."""
        if self.process.poll() is None:
            below = self.children()
            self.process.kill()
            for child in below:
                child.kill()
            self.process.wait()


class ExecutedDesk(LocalDesk):
    """The same as a process that begins with a command, as a newcomer's does: from the checkout, or as installed."""

    desk: Sequence[str] = (sys.executable, "-m", "webapp.cli")
    run_in = ROOT

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            command = [*self.desk, "up", *self.options]
            return subprocess.Popen(command, cwd=self.run_in, env=self.environment, stdout=log, stderr=log)


def clean_environment() -> dict[str, str]:
    """Ours, without what would move the desk elsewhere."""
    moved = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DESK_ENV", "CRON_SECRET_TOKEN"}
    return {name: value for name, value in os.environ.items() if name not in moved}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started_again(up: LocalDesk, part: str, before: int) -> None:
    """Wait until the child runs under another number."""
    until(lambda: up.child(part).pid != before, 20)
    time.sleep(0.2)
