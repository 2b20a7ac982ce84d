"""The file system of PostgreSQL's data is full in the middle of a run: each is paid once when there is room."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from tests.conftest import settings_for
from tests.faults.deaths import let_leases_end, take_next
from tests.faults.test_database_faults import JOB, MANY, before_the_second_chunk, made_due
from tests.support.declared_jobs import runs_of
from tests.support.market import all_books_agree
from tests.support.releasing import paid, released
from webapp.jobs.engine import chunks
from webapp.migrations import upgrade
from webapp.runtime import build_runtime

_ROOT = Path(__file__).parents[2]


class Server:
    """PostgreSQL on a small disk; `address` is the desk's."""

    def __init__(self, folder: Path) -> None:
        self.address = f"postgresql://postgres@/desk?host={folder / 'pg'}"
        words = [sys.executable, "-m", "tests.faults.on_a_small_disk", str(folder)]
        self._process = subprocess.Popen(words, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = self._heard()

    def tell(self, line: str) -> str:
        """Have it done; gives what the server's keeper says."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return self._heard()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=30)

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def server() -> Iterator[Server]:
    """In a folder that the server reaches, who may not be run by root."""
    with tempfile.TemporaryDirectory(prefix="desk-full-") as made:
        Path(made).chmod(0o755)
        with closing(Server(Path(made))) as serving:
            if serving.said == "not allowed":
                pytest.skip("this machine lets nobody have a file system of their own")
            yield serving


def test_what_a_full_disk_broke_off_is_paid_once_when_there_is_room(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 3)
    upgrade(server.address)
    runtime = build_runtime(settings_for(server.address, tmp_path))
    made_due(runtime)

    def fill() -> None:
        assert server.tell("fill") == "True"

    before_the_second_chunk(monkeypatch, fill)
    with pytest.raises(DBAPIError):
        take_next(runtime)
    server.tell("room")
    assert paid(runtime) == released(runtime) == 3, "what was acknowledged before is there"
    all_books_agree(runtime)

    let_leases_end(runtime)
    take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.succeeded, run.failed, run.amounts) == ("succeeded", MANY, 0, {"NGN": MANY * 1_000})
    assert paid(runtime) == released(runtime) == MANY
    all_books_agree(runtime)
    runtime.db.close()
