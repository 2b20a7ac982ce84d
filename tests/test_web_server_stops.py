"""A web process that is told to stop: whoever was let in is answered, whoever comes then is refused at once."""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter

from tests.faults.desk import until
from webapp import web_server
from webapp.commands import web as commands_web
from webapp.commands.closing_listeners import drop_connection_requests
from webapp.web_server import BufferingWorker

REQUEST = b"POST /there HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
_MANY = 20
"""Turns of the loop that are more than it may take."""
SLOW = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Web:
    """A worker's loop around an application that answers at once, but for /slow, which waits."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self.is_slow, self.may_answer = threading.Event(), threading.Event()
        self.worker = BufferingWorker.__new__(BufferingWorker)
        vars(self.worker).update(
            alive=True,
            ppid=os.getppid(),
            sockets=[SimpleNamespace(sock=self.socket)],
            cfg=SimpleNamespace(threads=4, graceful_timeout=20),
            tmp=SimpleNamespace(notify=lambda: None),
            wsgi=_Application(self._answer),
        )

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.is_slow.set()
            assert self.may_answer.wait(20)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def client(self, sent: bytes) -> socket.socket:
        """Somebody who has connected, and has sent that much."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        made.sendall(sent)
        return made

    def refuses(self) -> bool:
        """Whether nobody gets in any more."""
        try:
            self.client(b"").close()
        except ConnectionRefusedError:
            return True
        return False


class _Application:
    """A WSGI application as the desk's is: with a largest request."""

    def __init__(self, answer: Callable[..., Iterable[bytes]]) -> None:
        self._answer, self.config = answer, {"LARGEST_BODY": 1000}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._answer(environ, start_response)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """One with all the patience that a busy machine needs."""
    monkeypatch.setattr(web_server, "LINGER_SECONDS", 20.0)
    monkeypatch.setattr(web_server, "REST_SECONDS", 20.0)
    made = Web()
    yield made
    made.may_answer.set()
    made.socket.close()


def answer_to(client: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    return b"".join(iter(lambda: client.recv(4096), b""))


def test_whoever_was_let_in_is_answered_and_whoever_comes_then_is_refused(web: Web) -> None:
    with ExitStack() as clients:
        slow, half, silent = (clients.enter_context(web.client(sent)) for sent in (SLOW, REQUEST[:-2], b""))
        loop = threading.Thread(target=web.worker.run)
        loop.start()
        assert web.is_slow.wait(20)
        web.worker.alive = False
        until(web.refuses, 20)
        half.sendall(REQUEST[-2:])
        silent.sendall(REQUEST)
        web.may_answer.set()
        for client in (slow, half, silent):
            found = answer_to(client)
            assert found.startswith(b"HTTP/1.1 200 OK")
            assert b"Connection: close" in found
        loop.join(20)
        assert not loop.is_alive()


def test_who_had_connected_and_was_not_accepted_yet_is_answered_too(web: Web) -> None:
    with ExitStack() as clients:
        waiting = [clients.enter_context(web.client(REQUEST)) for _ in range(5)]
        web.worker.alive = False
        web.worker.run()
        assert [answer_to(client)[:15] for client in waiting] == [b"HTTP/1.1 200 OK"] * 5
        assert web.refuses()


def test_while_the_queue_is_drained_nobody_new_connects_and_nobody_is_reset(web: Web) -> None:
    """Removed, whoever connects between the last look at the queue and the close is reset by the system."""
    with ExitStack() as clients:
        in_time = [clients.enter_context(web.client(REQUEST)) for _ in range(3)]
        assert drop_connection_requests([web.socket])
        late = clients.enter_context(socket.socket())
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.connect(("127.0.0.1", web.port))
        web.worker.alive = False
        web.worker.run()
        assert [answer_to(client)[:15] for client in in_time] == [b"HTTP/1.1 200 OK"] * 3
        assert web.refuses()


def test_the_queue_is_drained_before_all_processes_stop_gracefully(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[list[str]] = []
    monkeypatch.setattr(commands_web, "drain_accept_queues", lambda sockets: closed.append(list(sockets)))
    monkeypatch.setattr(Arbiter, "stop", lambda _self, graceful: closed.append([f"stopped {graceful}"]))
    arbiter = commands_web._Arbiter.__new__(commands_web._Arbiter)
    monkeypatch.setattr(arbiter, "LISTENERS", [SimpleNamespace(sock="a"), SimpleNamespace(sock="b")], raising=False)
    arbiter.stop()
    arbiter.stop(graceful=False)
    assert closed == [["a", "b"], ["stopped True"], ["stopped False"]]


def test_who_says_nothing_or_stops_half_way_keeps_nobody_waiting(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(web_server, "REST_SECONDS", 0.0)
    with ExitStack() as clients:
        for sent in (b"", REQUEST[:-2]):
            clients.enter_context(web.client(sent))
        turns = iter(range(_MANY))
        turn = web.worker._turn
        monkeypatch.setattr(web.worker, "_turn", lambda *given: (next(turns), turn(*given)))
        web.worker.alive = False
        web.worker.run()
    assert web.refuses()
