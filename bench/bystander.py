"""Another writer beside a job on SQLite, in a process of its own: how long it waits for its turn.

`python -m bench.bystander FILE` begins and gives up transactions until its input ends, and prints what it waited.
"""

import json
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

MOST = 0.1
"""Seconds that a job may keep another writer waiting."""
_LOOK = 0.001
"""Seconds between two tries: SQLite's own waiting sleeps up to a tenth of a second, which would be measured instead."""


@dataclass(slots=True)
class Waits:
    """Seconds of the longest wait, how often it wrote, and how often it waited longer than it may have to."""

    longest: float = 0.0
    count: int = 0
    over: int = 0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.longest = max(self.longest, seconds)
        self.count += 1
        self.over += seconds > MOST


@contextmanager
def beside(file: str) -> Iterator[Waits]:
    """Let one write beside what is done here; its waits are known at the end."""
    found = Waits()
    command = [sys.executable, "-m", "bench.bystander", file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield found
        said, _ = process.communicate("")
    found.longest, found.count, found.over = json.loads(said).values()


def _write(file: str) -> Waits:
    found = Waits()
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    while not select.select([sys.stdin], [], [], 2 * _LOOK)[0]:
        began = time.perf_counter()
        while not _begins(connection):
            time.sleep(_LOOK)
        found.add(time.perf_counter() - began)
        connection.execute("ROLLBACK")
    return found


def _begins(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(asdict(_write(sys.argv[1]))))
