"""What long runs of the model come to: when each ends, and one file to which several processes add."""

import fcntl
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any


class Enough(BaseException):
    """A run is over before its steps are; nothing that catches failures catches it."""


class Ending:
    """When a run is over: after some minutes, or when somebody stops it, but never in the middle of a step."""

    def __init__(self, minutes: float = 0) -> None:
        self._until = time.monotonic() + 60 * minutes if minutes else float("inf")
        self._is_asked = False

    @property
    def why(self) -> str:
        """Empty as long as it goes on."""
        return "stopped" if self._is_asked else "time is over" if time.monotonic() >= self._until else ""

    def stops_here(self) -> None:
        """Raises Enough when it is over."""
        if self.why:
            raise Enough(self.why)

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """While this lasts, SIGINT and SIGTERM end it; a second one ends the process at once."""
        before = {each: signal.signal(each, self._ask) for each in (signal.SIGINT, signal.SIGTERM)}
        yield
        for each, handler in before.items():
            signal.signal(each, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._is_asked = True
        signal.signal(number, signal.SIG_DFL)


@dataclass
class ModelRun:
    """What one process did by one seed."""

    seed: int
    database: str
    asked: str
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    process: int = field(default_factory=os.getpid)
    ended: str = "under way"
    steps: int = 0
    seconds: float = 0.0
    found: str = ""
    """What went wrong and the shortest order of steps to it; empty when nothing did."""
    done: dict[str, int] = field(default_factory=dict)
    """How often each step was done, and how often refused."""

    def note(self, tally: Counter[str], seconds: float) -> None:
        """What it came to until now."""
        self.steps, self.seconds, self.done = tally.total(), round(seconds, 1), dict(sorted(tally.items()))

    def __str__(self) -> str:
        head = f"{self.database}, {self.asked}, seed {self.seed}: {self.steps} steps in {self.seconds:.0f} s"
        return f"{head}, {self.ended}\n" + ", ".join(f"{name} {number}" for name, number in self.done.items())


def keep(file: Path, run: ModelRun) -> dict[str, Any]:
    """Add what a run came to, or put it in the place of what it had come to before; returns the sums of all.

    One process at a time; a reader finds the file whole.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mine = asdict(run)
        key = (run.began, run.process, run.seed, run.asked)
        known = json.loads(file.read_text())["runs"] if file.exists() else []
        others = [each for each in known if (each["began"], each["process"], each["seed"], each["asked"]) != key]
        whole = sums([*others, mine])
        written = file.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(whole, indent=1) + "\n")
        written.replace(file)
    return whole


def sums(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Steps, seeds and failures of all runs."""
    return {
        "steps": sum(each["steps"] for each in runs),
        "seeds": sorted({each["seed"] for each in runs}),
        "failures": [each["found"] for each in runs if each["found"]],
        "runs": runs,
    }
