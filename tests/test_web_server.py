"""The web server as strangers use it: half-sent requests hold nobody up, and end."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from waitress.adjustments import Adjustments

from tests.conftest import SECRET, settings_for
from tests.faults.desk import until
from tests.support import forked
from tests.support.forked import Forked
from tests.support.local_desk import clean_environment, free_port
from tests.support.people import PASSWORD, add_people, hidden
from webapp import web_server
from webapp.runtime import build_runtime
from webapp.web_server import HEADER_SECONDS, REQUEST_SECONDS

SLOW = 500
HALF_A_HEADER = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nemail="
ANSWERED_WITHIN = 1.0
"""Seconds in which a page is to be there whatever others do."""
BAD = [
    HALF_A_HEADER,
    HALF_A_BODY,
    b"",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    b"\x00\xff" * 4_000,
    HALF_A_HEADER + b"x" * 60_000,
    b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nemail=",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2_000,
]
"""What clients send that are slow, broken, or mean it: TLS, HTTP/2, noise, pipelines that nobody reads, no end."""
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMUGGLED = {
    "length and chunks": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 45\r\n\r\n" + HIDDEN,
    "a list of lengths": b"Content-Length: 0, 45\r\n\r\n" + HIDDEN,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in another alphabet": b"Content-Length: \xb2\r\n\r\n" + HIDDEN,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a blank before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a bare line feed": b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a bare carriage return": b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n\r\n" + HIDDEN,
    "a chunk size with a sign": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n0\r\n\r\n" + HIDDEN,
    "a chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n" + HIDDEN,
}
"""How a request is framed so that two servers in a row disagree where it ends; each hides another behind its end."""
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


def test_five_hundred_clients_of_every_bad_kind_keep_nobody_waiting(web: Web, sqlite_url: str, tmp_path: Path) -> None:
    """The bound of a second is the requirement's; the best of several asks, for the machine may be busy with others."""
    browser = _signed_in(web, sqlite_url, tmp_path)
    address = f"http://127.0.0.1:{web.port}"
    with ExitStack() as held:
        for number in range(SLOW):
            _misbehave(held, web, BAD[number % len(BAD)], half_closed=number % 3 == 0)
        took: dict[str, list[float]] = {"/livez": [], "/payments": []}
        for path in list(took) * 9:
            began = time.monotonic()
            assert browser.get(address + path, timeout=30, allow_redirects=False).status_code == 200
            took[path].append(time.monotonic() - began)
    assert {path: min(times) for path, times in took.items() if min(times) > ANSWERED_WITHIN} == {}


def _signed_in(web: Web, url: str, folder: Path) -> requests.Session:
    runtime = build_runtime(settings_for(url, folder))
    add_people(runtime)
    runtime.db.close()
    browser, address = requests.Session(), f"http://127.0.0.1:{web.port}/sign-in"
    fields = hidden(browser.get(address, timeout=30).text) | {"email": "viewer@desk.example", "password": PASSWORD}
    assert browser.post(address, data=fields, timeout=30, allow_redirects=False).status_code == 303
    return browser


def _misbehave(held: ExitStack, web: Web, start: bytes, *, half_closed: bool) -> None:
    client = held.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=5))
    with suppress(OSError):  # it may be thrown out at the first bytes
        client.sendall(start)
        if half_closed:
            client.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("framing", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_no_second_request_hides_in_an_ambiguous_one(framing: bytes) -> None:
    """A proxy in front may end the request elsewhere: what follows must not be taken for the next person's."""
    parser = web_server._Parser(Adjustments())
    left = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n" + framing
    used = parser.received(left)
    while not parser.completed and used < len(left):
        used += parser.received(left[used:])
    assert parser.error is not None or HIDDEN not in left[used:]


def test_ambiguous_requests_are_answered_once_and_the_connection_ends(web: Web) -> None:
    second = {}
    for name, framing in SMUGGLED.items():
        with socket.create_connection(("127.0.0.1", web.port), timeout=30) as client:
            client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n" + framing)
            client.shutdown(socket.SHUT_WR)
            answers = client.makefile("rb").read()
        if answers.count(b"HTTP/1.1 ") > 1:
            second[name] = answers[:60]
    assert second == {}
    assert web.get("/livez") == 200


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
