"""PostgreSQL fails over to its standby in the middle of a run that pays: nothing that was acknowledged is lost."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soak.servers import PostgreSQL
from soak.standby import ask, follow, standby_of
from tests.conftest import settings_for
from tests.faults.deaths import take_next
from tests.faults.test_database_faults import JOB, MANY, before_the_second_chunk, events, made_due
from tests.support.declared_jobs import runs_of
from tests.support.market import all_books_agree
from tests.support.releasing import paid, released
from webapp.jobs.engine import chunks
from webapp.migrations import upgrade
from webapp.runtime import build_runtime

DESK = "postgresql://postgres@/desk?host="


@contextmanager
def running(command: list[str], user: str | None, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, until the block ends."""
    with log.open("ab") as said:
        process = subprocess.Popen(command, user=user, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)


def lead(link: Path, sockets: Path) -> None:
    """Let the desk's address lead to the server of these sockets."""
    fresh = link.with_suffix(".new")
    fresh.symlink_to(sockets)
    os.replace(fresh, link)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the servers reach, who may not be run by root: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="desk-failover-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_run_goes_on_at_the_standby_and_pays_each_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, link = PostgreSQL(folder), folder / "desk"
    monkeypatch.setattr(chunks, "CHUNK", 3)
    with running(first.command, first.user, folder / "first.log") as serving:
        ask(first.socket.parent, "CREATE DATABASE desk")
        command, sockets = standby_of(first, folder)
        with running(command, first.user, folder / "standby.log"):
            follow(first.socket.parent)
            ask(first.socket.parent, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            ask(first.socket.parent, "SELECT pg_reload_conf()")
            lead(link, first.socket.parent)
            upgrade(f"{DESK}{link}")
            runtime = build_runtime(settings_for(f"{DESK}{link}", folder))
            made_due(runtime)

            def fail_over() -> None:
                serving.send_signal(signal.SIGQUIT)
                serving.wait(20)
                assert ask(sockets, "SELECT pg_promote()") == (True,)
                lead(link, sockets)

            before_the_second_chunk(monkeypatch, fail_over)
            take_next(runtime)

            [run] = runs_of(runtime, JOB)
            assert (run.status, run.attempt, run.succeeded, run.failed) == ("succeeded", 1, MANY, 0)
            assert events(runtime) == [], "connections of the first server are noticed before they are used"
            assert paid(runtime) == released(runtime) == MANY
            all_books_agree(runtime)
            runtime.db.close()
