"""The parts of a soak do what they say: links break and heal, and a client sends again under the same key."""

import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import psutil
import pytest

from soak.client import ApiClient, Refused, Stopped, with_token
from soak.forms import Forms
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


class Page(BaseHTTPRequestHandler):
    """A page with a form, previewed first; answers each sending with what it is told to, and keeps what was sent."""

    answers: list[int] = []
    sent: list[dict[str, list[str]]] = []

    def do_GET(self) -> None:
        step = '<input id="step" name="step" type="hidden" value="preview">'
        self._say(200, f'<input name="csrf_token" type="hidden" value="a&amp;b">{step}<input name="reason">')

    def do_POST(self) -> None:
        came = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.sent.append(came)
        self._say(200 if came["step"] == ["preview"] else self.answers.pop(0), "<main>No.</main>")

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def forms(tmp_path: Path) -> Iterator[Forms]:
    """Somebody in front of that page."""
    Page.answers, Page.sent = [], []
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, journal = f"http://127.0.0.1:{server.server_address[1]}", Journal(tmp_path / "journal")
        yield Forms(url, ("a@soak.test", "secret"), journal, threading.Event())
        server.shutdown()


def test_a_form_is_filled_in_looked_at_and_sent(forms: Forms, tmp_path: Path) -> None:
    Page.answers = [303]
    forms.send("/x", {"reason": "Because."}, "freeze", "Because.")
    first, second = Page.sent
    assert (first["step"], second["step"]) == (["preview"], ["do"])
    assert second["csrf_token"] == ["a&b"]
    assert second["reason"] == ["Because."]
    assert states(tmp_path / "journal") == ["asked", "acknowledged"]


@pytest.mark.parametrize(
    ("answers", "last"), [([409], "refused"), ([503, 409], "unsure"), ([503, 303], "acknowledged")]
)
def test_a_form_that_nobody_answered_is_sent_again_under_its_number(
    answers: list[int], last: str, forms: Forms, tmp_path: Path
) -> None:
    Page.answers = list(answers)
    with suppress(Refused):
        forms.send("/x", {}, "freeze", "f-1")
    assert len({sent["submission"][0] for sent in Page.sent}) == 1
    assert states(tmp_path / "journal") == ["asked", last]


def test_a_small_disk_is_full_and_has_room_again(tmp_path: Path) -> None:
    """In a process of its own: which mounts one sees is a thread's, for good."""
    does = f"""if 1:
        import sys
        from pathlib import Path
        from soak.small_disk import SmallDisk, own_mounts
        if not own_mounts():
            sys.exit(3)
        disk = SmallDisk(Path({str(tmp_path)!r}) / "disk", 2**20)
        assert disk.fill() and disk.left() == 0
        disk.make_room()
        assert disk.left() == 2**20
    """
    ended = subprocess.run([sys.executable, "-S", "-c", does], cwd=Path(__file__).parents[2], check=False).returncode
    if ended == 3:
        pytest.skip("this machine lets nobody have a file system of their own")
    assert ended == 0
    assert list((tmp_path / "disk").iterdir()) == [], "nobody else sees it"


def test_who_is_killed_while_it_stands_still_leaves_nobody_standing_still(tmp_path: Path) -> None:
    """Its children would keep its port, and its successor could never begin."""
    supervisor = Supervisor()
    leader = supervisor.add("leader-1", ["sh", "-c", "sleep 60 & wait"], {"PATH": "/usr/bin:/bin"}, tmp_path / "log")
    leader.start()
    assert leader.process is not None
    parent = psutil.Process(leader.process.pid)
    ends = time.monotonic() + 20
    while not parent.children() and time.monotonic() < ends:
        time.sleep(0.01)
    [child] = parent.children()
    go_on = leader.freeze()
    assert go_on is not None
    leader.send(signal.SIGKILL)
    leader.process.wait(10)
    go_on()
    assert child.status() != psutil.STATUS_STOPPED
    assert leader.freeze() is None
    leader.end()


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
