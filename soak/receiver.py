"""Who is told by the desk's webhooks: checks each signature, keeps what came, and is unkind when it is told to be."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FINE, FAILING, SILENT, DROPPING = "fine", "failing", "silent", "dropping"
MOODS = (FAILING, SILENT, DROPPING)
_SILENCE = 6.0


class Receiver:
    """A server on this machine with an address per endpoint. `silent` takes a webhook, and answers too late.

    What came is appended to the file: the endpoint, the number of the event and whether its signature is right.
    """

    def __init__(self, file: Path) -> None:
        self.mood = FINE
        self.secrets: dict[str, str] = {}
        self._file, self._lock = file, threading.Lock()
        file.touch()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: what came is in the file."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True).start()

    def url(self, name: str) -> str:
        """Where the endpoint of this name is told."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Take one webhook, or not, as the mood says."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        mood, name = self.mood, request.path.strip("/")
        if mood == FAILING:
            _answer(request, 503)
        elif mood == DROPPING:
            request.close_connection = True
        else:
            self._keep(name, request, body)
            time.sleep(_SILENCE if mood == SILENT else 0)
            _answer(request, 200)

    def _keep(self, name: str, request: BaseHTTPRequestHandler, body: bytes) -> None:
        number = str(json.loads(body)["id"]).removeprefix("evt_")
        came = {"endpoint": name, "event": number, "is_signed": self._is_signed(name, request, body)}
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(came) + "\n")

    def _is_signed(self, name: str, request: BaseHTTPRequestHandler, body: bytes) -> bool:
        key = base64.b64decode(self.secrets.get(name, "").removeprefix("whsec_"))
        signed = f"{request.headers.get('webhook-id')}.{request.headers.get('webhook-timestamp')}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(expected, request.headers.get("webhook-signature") or "")

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()


def _answer(request: BaseHTTPRequestHandler, status: int) -> None:
    try:
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()
    except OSError:
        request.close_connection = True
