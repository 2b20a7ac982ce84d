"""`desk up`: ready by itself, mends itself, stops as a whole, keeps its data."""

import os
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.faults.desk import Desk, until
from tests.support.local_desk import ExecutedDesk, LocalDesk, started_again

Start = Callable[..., LocalDesk]
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


EMPTY = "--no-demo"
"""Where the demo is beside the point: adding it takes half a minute."""


def disputes_in(folder: Path) -> int:
    with sqlite3.connect(folder / "desk.sqlite3") as database:
        return int(database.execute("SELECT count(*) FROM dispute").fetchone()[0])


@dataclass(frozen=True)
class Shown:
    """A desk with its demo that was up once, in a folder that others could read before: what was seen of it."""

    folder: Path
    port: int
    first_page: str
    open_to_others: dict[str, str]
    suffixes: set[str]
    said: str
    left: list[psutil.Process]
    code: int | None


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """One start with the demo for all who look at one: adding it takes half of what all these tests do."""
    folder = tmp_path_factory.mktemp("shown") / "var"
    folder.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        up = ExecutedDesk(folder)
    finally:
        os.umask(before)
    try:
        up.wait_until_ready()
        made = [folder, *folder.rglob("*")]
        suffixes = {file.suffix for file in made}
        open_to_others = {str(file): oct(file.stat().st_mode) for file in made if file.stat().st_mode & 0o077}
        first_page = up.get("/").url
        said, left = up.stop()
        yield Shown(folder, up.port, first_page, open_to_others, suffixes, said, left, up.process.returncode)
    finally:
        up.end()


def test_it_is_ready_says_how_to_sign_in_and_stops_as_a_whole(shown: Shown) -> None:
    assert shown.first_page.endswith("/sign-in")
    assert shown.left == []
    assert f"http://localhost:{shown.port}" in shown.said
    for role in ("viewer", "agent", "approver", "operator", "admin"):
        assert f"{role}@demo.example" in shown.said
    assert shown.code == 0


def test_nobody_else_on_the_machine_can_read_its_files(shown: Shown) -> None:
    assert shown.suffixes >= {".sqlite3", ".log"}
    assert shown.open_to_others == {}


def test_a_child_that_dies_is_started_again_with_a_message(start: Start) -> None:
    up = start(EMPTY)
    up.wait_until_ready()
    for part in ("rq:worker", "desk scheduler", "master [escrow-desk-web]", "redis.sock"):
        dead = up.child(part)
        dead.kill()
        started_again(up, part, dead.pid)
    up.wait_until_ready()
    said, left = up.stop(signal.SIGTERM)
    assert left == []
    for name in ("worker-", "scheduler", "web", "redis"):
        assert f"{name}" in said
    assert said.count("starting it again") >= 4


def test_the_second_start_keeps_the_data(start: Start, shown: Shown, tmp_path: Path) -> None:
    shutil.copytree(shown.folder, tmp_path / "var")
    before = disputes_in(tmp_path / "var")
    assert before > 10
    second = start()
    second.wait_until_ready()
    second.stop()
    assert disputes_in(tmp_path / "var") == before


def test_when_it_is_killed_its_children_end_by_themselves(start: Start) -> None:
    up = start(EMPTY)
    up.wait_until_ready()
    below = up.children()
    up.process.kill()
    up.process.wait()
    deadline = time.monotonic() + 40
    while any(child.is_running() for child in below) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert [child.cmdline() for child in below if child.is_running()] == []


def test_two_in_one_folder_are_refused(start: Start) -> None:
    first = start(EMPTY)
    first.wait_until_ready()
    second = start(EMPTY)
    assert second.process.wait(30) != 0
    said = second.said()
    assert "already" in said
    assert "VAR_DIR" in said
    assert first.get("/livez").ok


def test_a_taken_port_is_said(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = start(PORT=str(taken.getsockname()[1]))
        assert up.process.wait(30) != 0
    assert "PORT=" in up.said()


def test_it_runs_on_postgresql_and_a_redis_of_its_own(start: Start, pg_url: str, tmp_path: Path) -> None:
    redis = Desk(pg_url, tmp_path / "own")
    redis.start_redis()
    try:
        up = start(EMPTY, DATABASE_URL=pg_url, REDIS_URL=f"unix://{redis.socket}")
        up.wait_until_ready()
        assert not any("redis.sock" in " ".join(child.cmdline()) for child in up.children())
        _, left = up.stop()
        assert left == []
        assert redis.redis.ping()
    finally:
        redis.stop()
    assert not (tmp_path / "var" / "desk.sqlite3").exists()


def test_an_empty_desk_prints_a_link_for_its_first_administrator(start: Start) -> None:
    up = start(EMPTY)
    up.wait_until_ready()
    until(lambda: "Ctrl-C" in up.said(), 20)
    (link,) = [word for word in up.said().split() if "/first-administrator?link=" in word]
    assert "First administrator" in up.get("/first-administrator?" + link.partition("?")[2]).text
