"""A receiver of webhooks and a mail server, both real, and a desk that may reach them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from webapp.runtime import Runtime


@dataclass
class Receiver:
    """Takes POSTs and answers as told: `answer` gets the number of the request, from 1, and says the status."""

    answer: Callable[[int], Any] = lambda number: 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    body: bytes = b"said"
    url: str = ""


@dataclass
class Letters:
    """What the mail server took."""

    got: list[Any] = field(default_factory=list)
    refuse: str = ""
    url: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server of this test."""
    made = Receiver()
    with serving(made) as address:
        made.url = address
        yield made


class serving:
    """Serve a receiver on 127.0.0.1."""

    def __init__(self, made: Receiver) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(made: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.answer(len(made.got)))
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(made.body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    return Handler


@pytest.fixture
def letters() -> Iterator[Letters]:
    """A mail server of this test."""
    made = Letters()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(made, hostname="127.0.0.1", port=port)
    controller.start()
    made.url = f"smtp://127.0.0.1:{port}"
    yield made
    controller.stop()


def with_settings(runtime: Runtime, **changes: Any) -> Runtime:
    """The same desk with other settings."""
    reachable = {"webhook_private_addresses": ["127.0.0.0/8"], "provider_timeout_seconds": 15.0}
    return replace(runtime, settings=runtime.settings.model_copy(update=reachable | changes))


@pytest.fixture
def place(runtime: Runtime) -> Runtime:
    """A desk on each database that may post to this machine."""
    return with_settings(runtime)
