"""Databases that outlast one run of tests: making them takes longer than most tests by which a change is tried."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVES = """
import pathlib, sys
from tests.support.postgresql import serving
with serving(pathlib.Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


def sqlite_template(place: Path) -> dict[str, str]:
    """The environment in which the tests of this copy find a migrated, empty SQLite file."""
    file = place / "template.sqlite3"
    words = [sys.executable, "-c", f"from webapp.migrations import upgrade; upgrade('sqlite:///{file}')"]
    subprocess.run(words, cwd=place, env=os.environ | {"PYTHONPATH": str(place)}, check=True, capture_output=True)
    return {"SQLITE_TEMPLATE": str(file)}


@contextmanager
def kept(place: Path) -> Iterator[dict[str, str]]:
    """The environment in which the tests of this copy find that file, and a PostgreSQL server that is up already.

    Empty for a project that has neither.
    """
    if not (place / "tests" / "support" / "postgresql.py").exists():
        yield {}
        return
    run = uuid.uuid4().hex
    words = [sys.executable, "-c", _SERVES, str(Path(tempfile.gettempdir(), f"desk-pg-{run}"))]
    environment = os.environ | {"PYTHONPATH": str(place)}
    with subprocess.Popen(words, cwd=place, env=environment, stdin=-1, stdout=-1, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        if server.stdout.readline().strip() != "up":
            raise SystemExit("No PostgreSQL server could be started for the tests.")
        yield sqlite_template(place) | {"PYTEST_XDIST_TESTRUNUID": run}
        server.stdin.close()
