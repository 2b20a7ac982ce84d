"""The sandbox in a process of its own, as slow as a provider is, and desks that ask it with nothing else in the way."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from webapp.runtime import Runtime, build_runtime
from webapp.sandbox.core.settings import SANDBOX_KEYS

LATENCY = 50
"""Milliseconds before each answer."""
PARALLEL = 64
_NO_LIMIT = 6_000_000


@dataclass(frozen=True)
class Outside:
    """A sandbox that answers, and how its world is moved."""

    url: str

    def control(self, path: str, json: Any) -> Any:
        """Move the world."""
        answer = requests.post(f"{self.url}/control/{path}", json=json, timeout=600)
        answer.raise_for_status()
        return answer.json()

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a desk is told that asks it."""
        return {
            "paystack_url": f"{self.url}/paystack",
            "paystack_secret_key": SANDBOX_KEYS["PAYSTACK_SECRET_KEY"],
            "paystack_calls_per_minute": _NO_LIMIT,
            "provider_parallel_calls": PARALLEL,
            "redis_url": "unix:///nonexistent/redis.sock",
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The same, for a process."""
        return {name.upper(): str(value) for name, value in self.settings.items()}

    @contextmanager
    def desk(self, runtime: Runtime) -> Iterator[Runtime]:
        """A desk on the same database that asks this sandbox."""
        made = build_runtime(runtime.settings.model_copy(update=dict(self.settings)))
        try:
            yield made
        finally:
            made.db.close()


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """A sandbox with its books in the folder; nothing comes to its end by itself within an hour."""
    command = [sys.executable, "-m", "webapp.cli", "sandbox", "--port", "0", "--smtp-port", "0"]
    process = subprocess.Popen(
        [*command, "--file", str(folder / "sandbox.sqlite3")], stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert process.stderr is not None
        said = re.search(r"http://[0-9.:]+", process.stderr.readline())
        if said is None:
            raise RuntimeError("the sandbox did not start")
        made = Outside(said.group())
        made.control("options", {"settle_seconds": 3_600, "desk": f"{made.url}/hooks"})
        made.control("latency", {"milliseconds": LATENCY})
        yield made
    finally:
        process.terminate()
        process.wait(30)
