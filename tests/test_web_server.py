"""The web server as strangers use it: half-sent requests hold nobody up, and end."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from tests.conftest import SECRET
from tests.faults.desk import until
from tests.support import forked
from tests.support.forked import Forked
from tests.support.local_desk import clean_environment, free_port
from webapp import web_server
from webapp.web_server import HEADER_SECONDS, REQUEST_SECONDS

SLOW = 500
HALF_A_HEADER = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nemail="
pytestmark = [pytest.mark.faults]


@dataclass(frozen=True)
class Web:
    """A web server under way."""

    port: int
    process: Forked

    def get(self, path: str) -> int:
        """The status of the answer."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5).status_code


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    """`desk web` on a database of its own."""
    port = free_port()
    around = {"PORT": str(port), "VAR_DIR": str(tmp_path), "DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET}
    process = forked.desk("web", environment=clean_environment() | around, log=tmp_path / "web.log")
    try:
        until(lambda: _answers(port), 90)
        yield Web(port, process)
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _send_slowly(held: ExitStack, web: Web, start: bytes) -> socket.socket:
    client = held.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=5))
    client.sendall(start)
    return client


def test_five_hundred_half_sent_requests_hold_nobody_up(web: Web) -> None:
    with ExitStack() as held:
        slow = [_send_slowly(held, web, HALF_A_HEADER if n % 2 else HALF_A_BODY) for n in range(SLOW)]
        for _ in range(20):
            assert web.get("/livez") == 200
            assert web.get("/sign-in") == 200
            for client in slow[::25]:
                client.sendall(b"x")


def test_a_header_that_trickles_in_is_cut_off_at_its_deadline(web: Web) -> None:
    with ExitStack() as held:
        client = _send_slowly(held, web, HALF_A_HEADER)
        ends = time.monotonic() + HEADER_SECONDS + 10
        client.settimeout(0.5)
        with pytest.raises(OSError, match=r"reset|pipe|closed"):
            while time.monotonic() < ends:
                client.sendall(b"x")
                _require_open(client)


def _require_open(client: socket.socket) -> None:
    try:
        if client.recv(1) == b"":
            raise OSError("closed")
    except TimeoutError:
        return


@pytest.mark.parametrize(
    ("finished", "seconds", "late"),
    [
        (False, HEADER_SECONDS - 1, False),
        (False, HEADER_SECONDS + 1, True),
        (True, HEADER_SECONDS + 1, False),
        (True, REQUEST_SECONDS + 1, True),
    ],
)
def test_header_and_request_have_deadlines_of_their_own(finished: bool, seconds: float, late: bool) -> None:
    connection = object.__new__(web_server._Connection)
    connection.request = SimpleNamespace(headers_finished=finished)
    connection._began = 100.0
    assert connection.is_late(100.0 + seconds) is late


def test_a_header_without_an_end_is_refused_before_it_fills_the_memory(web: Web) -> None:
    with ExitStack() as held:
        client = _send_slowly(held, web, HALF_A_HEADER + b"x" * (web_server.HEADER_BYTES + 1))
        assert b"431" in client.recv(100)


def test_what_is_declared_too_large_is_refused_by_the_desk_itself(web: Web) -> None:
    with ExitStack() as held:
        header = b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n{"
        client = _send_slowly(held, web, header)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"application/problem+json" in answer


def test_a_server_told_to_stop_does_not_wait_for_half_sent_requests(web: Web) -> None:
    with ExitStack() as held:
        for _ in range(20):
            _send_slowly(held, web, HALF_A_BODY)
        web.process.terminate()
        assert web.process.wait(10) == 0
