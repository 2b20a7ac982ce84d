"""Serving the sandbox: one process, many calls at once, on this machine only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.sandbox.core.sandbox import EXTENSION, Sandbox
from webapp.sandbox.core.settings import HOST, SandboxSettings
from webapp.sandbox.core.store import Store
from webapp.sandbox.messaging.smtp_server import MailServer
from webapp.sandbox.server.app import create_sandbox


@dataclass(frozen=True)
class Served:
    """A sandbox that answers."""

    url: str
    sandbox: Sandbox
    smtp_port: int

    @property
    def store(self) -> Store:
        """What it knows."""
        return self.sandbox.store


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: there are thousands."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the connection, also one that nothing was said on."""
        self.close_connection = True


@contextmanager
def serving(settings: SandboxSettings | None = None, *, port: int = 0, smtp_port: int = 0) -> Iterator[Served]:
    """A sandbox in threads, by default on free ports and with a store of its own; it ends with the block."""
    app = create_sandbox(settings or SandboxSettings())
    sandbox = cast(Sandbox, app.extensions[EXTENSION])
    server = make_server(HOST, port, app, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True, name="sandbox")
    mail = MailServer(sandbox, smtp_port)
    sandbox.delayed_tasks.start()
    thread.start()
    mail.start()
    try:
        yield Served(f"http://{HOST}:{server.server_port}", sandbox, mail.port)
    finally:
        mail.stop()
        server.shutdown()
        thread.join(timeout=5)
        sandbox.close()
