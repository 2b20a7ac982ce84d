"""PostgreSQL fails over to its standby in the middle of a run that pays: nothing that was acknowledged is lost."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from soak.servers import PostgreSQL
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


def ask(sockets: Path, statement: str) -> object:
    """The first value of a statement's answer, from a server that may only just have been started."""
    url, ends = f"postgresql://postgres@/postgres?host={sockets}", time.monotonic() + 20
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchone() if found.description else None
        assert time.monotonic() < ends, statement
        time.sleep(0.02)


def follow(sockets: Path) -> None:
    """Wait until a standby follows: a commit that waits for one that is not there would never end."""
    ends = time.monotonic() + 20
    while ask(sockets, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") != (1,):
        assert time.monotonic() < ends, "no standby"
        time.sleep(0.02)


def standby_of(first: PostgreSQL, folder: Path) -> tuple[list[str], Path]:
    """The command that serves a copy which follows the first server, and the folder of its socket."""
    data, sockets = folder / "standby", folder / "standby-sockets"
    tool = str(Path(first.command[0]).with_name("pg_basebackup"))
    for each in (data, sockets):
        each.mkdir(mode=0o700)
        if first.user:
            shutil.chown(each, first.user)
    sockets.chmod(0o777)
    copy = [tool, "-D", str(data), "-h", str(first.socket.parent), "-U", "postgres", "-R", "-X", "stream", "-c", "fast"]
    subprocess.run(copy, user=first.user, check=True, capture_output=True)
    return [first.command[0], "-D", str(data), "-k", str(sockets)], sockets


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
