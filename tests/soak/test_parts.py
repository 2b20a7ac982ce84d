"""The parts of a soak do what they say: links break and heal, and a client sends again under the same key."""

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from soak.client import ApiClient, Refused, Stopped, with_token
from soak.journal import Journal
from soak.links import CUT, HOLD_ANSWERS, HOLD_REQUESTS, PASS, Link, Links
from soak.processes import Supervisor


class Echo(socketserver.StreamRequestHandler):
    """Answers each line with itself, and keeps it."""

    heard: list[bytes] = []

    def handle(self) -> None:
        for line in self.rfile:
            self.heard.append(line)
            self.wfile.write(line)


@pytest.fixture
def links(tmp_path: Path) -> Iterator[tuple[Links, Link, Path]]:
    """A link on a Unix socket to an echo."""
    Echo.heard.clear()
    made = Links()
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "echo"), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listens = tmp_path / "link"
        yield made, made.add("echo", [tmp_path / "nobody", tmp_path / "echo"], listens), listens
        made.close()
        server.shutdown()


def connected(listens: Path, seconds: float = 0.3) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(seconds)
    client.connect(str(listens))
    return client


def test_a_link_passes_to_the_first_that_is_there(links: tuple[Links, Link, Path]) -> None:
    with connected(links[2]) as client:
        client.sendall(b"one\n")
        assert client.recv(10) == b"one\n"


@pytest.mark.parametrize(("mode", "is_heard"), [(HOLD_REQUESTS, False), (HOLD_ANSWERS, True)])
def test_what_is_held_one_way_arrives_when_that_is_over(
    mode: str, is_heard: bool, links: tuple[Links, Link, Path]
) -> None:
    all_of_them, link, listens = links
    with connected(listens) as client:
        client.sendall(b"one\n")
        client.recv(10)
        all_of_them.set(link, mode)
        client.sendall(b"two\n")
        with pytest.raises(TimeoutError):
            client.recv(10)
        assert (b"two\n" in Echo.heard) == is_heard
        all_of_them.set(link, PASS)
        client.settimeout(5)
        assert client.recv(10) == b"two\n"


def test_a_cut_ends_what_is_open_and_takes_nothing_new(links: tuple[Links, Link, Path]) -> None:
    all_of_them, link, listens = links
    with connected(listens, 5) as client:
        client.sendall(b"one\n")
        client.recv(10)
        all_of_them.set(link, CUT)
        assert ended(client)
    with connected(listens, 5) as client:
        assert ended(client)
    all_of_them.heal()
    with connected(listens, 5) as client:
        client.sendall(b"two\n")
        assert client.recv(10) == b"two\n"


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(10) == b""
    except ConnectionError:
        return True


class Desk(BaseHTTPRequestHandler):
    """Answers with what it is told to, one after the other, and keeps the keys that came."""

    answers: list[int] = []
    keys: list[str] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.keys.append(str(self.headers.get("Idempotency-Key")))
        body = b"{}"
        self.send_response(self.answers.pop(0))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def desk() -> Iterator[str]:
    """The address of a desk that answers as it is told."""
    Desk.answers, Desk.keys = [], []
    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def states(file: Path) -> list[str]:
    return [json.loads(line)["state"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("answers", "last"), [([201], "acknowledged"), ([503, 500, 200], "acknowledged"), ([503, 409], "refused")]
)
def test_a_write_is_sent_under_one_key_until_it_is_answered(
    answers: list[int], last: str, desk: str, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal")
    client = ApiClient(desk, with_token("t"), journal, threading.Event())
    Desk.answers = list(answers)
    if last == "refused":
        with pytest.raises(Refused):
            client.write("/x", {}, "order", "o-1")
    else:
        client.write("/x", {}, "order", "o-1")
    assert len(Desk.keys) == len(answers)
    assert len(set(Desk.keys)) == 1
    assert states(tmp_path / "journal") == ["asked", last]
    assert journal.unanswered() == []


def test_a_write_that_nobody_answered_stays_open_in_the_journal(desk: str, tmp_path: Path) -> None:
    over = threading.Event()
    over.set()
    journal = Journal(tmp_path / "journal")
    with pytest.raises(Stopped):
        ApiClient(desk, with_token("t"), journal, over).write("/x", {}, "order", "o-1")
    assert states(tmp_path / "journal") == ["asked"]
    assert journal.unanswered() == [("order", "o-1")]


def test_what_ends_is_started_again_and_what_is_held_is_not(tmp_path: Path) -> None:
    supervisor = Supervisor()
    ending = supervisor.add("ending-1", ["true"], {"PATH": "/usr/bin:/bin"}, tmp_path / "log")
    held = supervisor.add("held-1", ["true"], {"PATH": "/usr/bin:/bin"}, tmp_path / "log")
    supervisor.start("ending")
    ends = time.monotonic() + 20
    while ending.starts < 2 and time.monotonic() < ends:
        time.sleep(0.05)
    supervisor.stop()
    assert ending.starts >= 2
    assert (held.starts, held.is_up) == (0, False)
