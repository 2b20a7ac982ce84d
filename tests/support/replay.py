"""A server that gives one recorded answer to whatever it is asked, and a desk's providers that ask it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from tests.conftest import settings_for
from webapp.models import ProviderState
from webapp.providers.http.leases import EffectLease
from webapp.providers.registry import Providers
from webapp.runtime import Runtime, build_runtime


@dataclass
class Stub:
    """What is answered next, and what was asked. `answers` is used up from the left; the last one stays."""

    url: str
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """What every answer carries besides."""

    def say(self, *answers: tuple[int, Any]) -> None:
        """Answer with these statuses and bodies, exactly; a body that is a text is sent as it is."""
        self.answers = [(status, raw(body)) for status, body in answers]
        self.asked.clear()
        self.headers = {}


def raw(body: Any) -> bytes:
    """A recorded body as it came: JSON, or the text of something else."""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@contextmanager
def stub() -> Iterator[Stub]:
    """A server on this machine, as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, json.loads(sent) if sent[:1] in (b"{", b"[") else sent))
            status, body = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Stub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Replay:
    """A desk's real providers in front of the stub. They may act: this thread's lease is live."""

    stub: Stub
    runtime: Runtime
    providers: Providers

    def say(self, *answers: tuple[int, Any]) -> None:
        """Answer so, and forget how earlier calls went: a circuit that opened is closed."""
        self.stub.say(*answers)
        with self.runtime.db.transaction() as session:
            session.execute(delete(ProviderState))
        self.providers = Providers(self.runtime.settings, self.runtime.db)


@contextmanager
def replaying(database_url: str, folder: Path, **more: Any) -> Iterator[Replay]:
    """Every provider's address is the stub's; `more` are settings, such as keys."""
    with stub() as server, EffectLease(timedelta(minutes=5)).held():
        names = ("paystack_url", "flutterwave_url", "flutterwave_v3_url", "flutterwave_token_url", "blnk_url")
        pace = {f"{name}_calls_per_minute": 60_000 for name in ("paystack", "flutterwave", "blnk")}
        addresses = dict.fromkeys(names, server.url)
        runtime = build_runtime(settings_for(database_url, folder, **(addresses | pace | more)))
        try:
            yield Replay(server, runtime, runtime.providers)
        finally:
            runtime.db.close()
