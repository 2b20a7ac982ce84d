"""A desk on SQLite waits at each commit until the disk has it, where the tests' own does not."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from tests.support.paths import ROOT
from webapp.runtime import Runtime

FULL, OFF = "2", "0"


def test_a_commit_is_on_the_disk_before_it_is_told(tmp_path: Path) -> None:
    ask = f"""
from sqlalchemy import text
from webapp.db import Database
database = Database("sqlite:///{tmp_path}/desk.sqlite3")
with database.reading() as session:
    print(session.scalar(text("PRAGMA synchronous")), session.scalar(text("PRAGMA journal_mode")))
"""
    told = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [FULL, "wal"]


def test_the_desks_of_tests_do_not_wait(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.reading() as session:
        assert str(session.scalar(text("PRAGMA synchronous"))) == OFF
