"""Real processes to break: a Redis server, workers and schedulers, each known by its number."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from redis import Redis

from tests.conftest import SECRET
from tests.support.forked import Forked
from tests.support.paths import ROOT
from webapp.local import redis_server


class Desk:
    """A desk of real processes on one database, with leases short enough for a test; `more` are other settings."""

    def __init__(self, url: str, folder: Path, more: Mapping[str, Any] | None = None) -> None:
        self.folder, self.socket = folder, folder / "redis" / "redis.sock"
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.environment = os.environ | {
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET,
            "REDIS_URL": f"unix://{self.socket}",
            "VAR_DIR": str(folder),
            "DESK_ENV": "test",
            "RUN_LEASE_SECONDS": "3",
            "SILENCE_SECONDS": "4",
            "LOG_FORMAT": "json",
            "PYTHONPATH": str(ROOT),
        }
        self.environment |= {name.upper(): str(value) for name, value in (more or {}).items()}
        self.redis = Redis.from_url(f"unix://{self.socket}")
        self._started: list[subprocess.Popen[bytes] | Forked] = []

    def start_redis(self) -> subprocess.Popen[bytes]:
        command = [
            redis_server.binary(),
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--dir",
            str(self.folder),
            "--save",
            "",
        ]
        with self._log("redis").open("wb") as log:
            process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        self._started.append(process)
        until(lambda: self.socket.exists() and self.redis.ping(), 10)
        return process

    def start(self, script: str) -> Forked:
        """`worker.py` or `scheduler.py`, or a test's own script."""
        return self._start([str(ROOT / script)], Path(script).stem)

    def run(self, job: str, module: str = "webapp.cli") -> Forked:
        """`desk run`, as an outside cron starts it; or a test's own desk command."""
        return self._start(["-m", module, "run", job], f"run-{job}")

    def _start(self, argv: list[str], name: str) -> Forked:
        process = Forked(argv, self.environment, self.folder, self._log(name))
        self._started.append(process)
        return process

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}-{len(self._started)}.log"

    def stop(self) -> None:
        """End what was started, the latest first."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._started):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.redis.close()


def until(true: Callable[[], Any], seconds: float) -> Any:
    """Wait until something is true; what it raises counts as not yet."""
    ends = time.monotonic() + seconds
    while True:
        last: Exception | None = None
        try:
            answer = true()
        except Exception as problem:
            answer, last = None, problem
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"not within {seconds} s") from last
        time.sleep(0.05)
