"""Clients of every pace that ask a web server again and again, and keep what became of each request."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

ANSWERED, REFUSED, CUT = "answered", "refused", "cut"
_TIMEOUT = 30.0
_GET = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n"
_LAST = b"Connection: close\r\n"
_BODY = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n" + _LAST + b"\r\n"
PACES: dict[str, Sequence[tuple[float, bytes]]] = {
    "at once": [(0.0, _GET + _LAST + b"\r\n")],
    "connected before it asks": [(0.1, _GET + _LAST + b"\r\n")],
    "piece by piece": [(0.0, _BODY), *[(0.2, b"x" * 10)] * 5],
    "on one connection": [(0.02, _GET + b"\r\n")],
}
"""What each kind sends, and how long it waits before each piece."""


class Load:
    """Clients at work, until `end`. A request counts from the moment at which its connection was made."""

    def __init__(self, port: int, of_each: int = 6) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port, self._over, self._lock = port, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=[pace]) for pace in PACES for _ in range(of_each)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let every client finish the request at hand."""
        self._over.set()
        for thread in self._threads:
            thread.join(_TIMEOUT * 2)

    def _ask(self, pace: str) -> None:
        """Until somebody is refused at the door, which is the end of the server."""
        while not self._over.is_set():
            try:
                client = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT)
            except ConnectionRefusedError:
                self._note(REFUSED)
                return
            except ConnectionError:
                self._note(CUT)
                continue
            with client:
                while self._one(client, pace) and not self._over.is_set():
                    pass

    def _one(self, client: socket.socket, pace: str) -> bool:
        """One request; whether the connection serves for another."""
        try:
            for wait, piece in PACES[pace]:
                time.sleep(wait)
                client.sendall(piece)
            head = _whole_answer(client)
        except OSError:
            head = b""
        self._note(ANSWERED if head else CUT)
        return bool(head) and b"connection: close" not in head.lower()

    def _note(self, outcome: str) -> None:
        with self._lock:
            self.outcomes[outcome] += 1


def _whole_answer(client: socket.socket) -> bytes:
    """The head of an answer that came to its end; nothing of one that did not."""
    found = b""
    while (end := found.find(b"\r\n\r\n")) < 0:
        if not (more := client.recv(65536)):
            return b""
        found += more
    head = found[:end]
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    left = int(lengths[0]) - (len(found) - end - 4) if lengths else 0
    while left > 0:
        if not (more := client.recv(65536)):
            return b""
        left -= len(more)
    return head
