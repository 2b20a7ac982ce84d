"""How a web process reads requests: whole, without a thread, and within a deadline.

gunicorn keeps the processes alive; waitress reads in each. A thread is given to a request that is complete, so that any
number of clients that send slowly, or stop half-way (slowloris), hold none.
"""

import logging
import os
import resource
import socket
import time
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import RequestEntityTooLarge

HEADER_SECONDS, REQUEST_SECONDS, IDLE_SECONDS = 10.0, 120.0, 15.0
"""How long the header may take, the whole request, and how long a connection may rest between two."""
HEADER_BYTES = 65_536
CONNECTIONS = 4_000
"""At once, in each process; more wait to be accepted."""
_OTHER_FILES = 256
"""File descriptors that the process needs besides its connections."""
LINGER_SECONDS, REST_SECONDS = 1.0, 5.0
"""Once it was told to stop: how long a connection without a request waits for one that is on its way, and how long one
whose request is not complete waits for the rest.
"""
_TICK, _STOPPING_TICK = 0.5, 0.1
"""Seconds between two looks at the deadlines, and at whether to stop; and while it stops."""


class _Parser(HTTPRequestParser):
    """Leaves a body that is declared too large unread, and to the application to refuse: as a page, or as JSON.

    A request with a length and with chunks ends in two places, and the next one for a proxy in front may begin in the
    first (request smuggling): it is refused, and its connection ended (RFC 9112, 6.1).
    """

    def parse_header(self, header_plus: bytes) -> None:
        """Read the header. Raises ParsingError, which is answered by 400."""
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")

    def received(self, data: bytes) -> int:
        """Take what came of the request; returns how many bytes of it were used."""
        used: int = super().received(data)
        problem: Any = vars(self).get("error")
        if isinstance(problem, RequestEntityTooLarge) and self.content_length:
            self.error = None
            self.headers["CONNECTION"] = "close"
        return used


class _Connection(HTTPChannel):
    """A client's connection, and since when it has been sending the request that is not complete yet."""

    parser_class = _Parser
    _began = 0.0

    def received(self, data: bytes) -> bool:
        """Take what the client sent."""
        if self.request is None:
            self._began = time.monotonic()
        has_more = bool(super().received(data))
        if self.server.stopped_at is not None:
            self.end_after_answer()
        return has_more

    def end_after_answer(self) -> None:
        """Let the answers to what was asked say that the connection ends with them."""
        for request in self.requests:
            request.headers["CONNECTION"] = "close"

    def is_busy(self, now: float) -> bool:
        """Whether a request is being answered, or an answer being sent; for a while also when one may be coming."""
        if self.requests or self.total_outbufs_len:
            return True
        since = now - (self.server.stopped_at or now)
        return since < (LINGER_SECONDS if self.request is None else REST_SECONDS)

    def is_late(self, now: float) -> bool:
        """Whether the request at hand has taken longer than it may. Bytes that trickle in don't put that off."""
        request = self.request
        if request is None:
            return False
        return now - self._began > (REQUEST_SECONDS if request.headers_finished else HEADER_SECONDS)


class _Listener(TcpWSGIServer):
    """Accepts connections, and ends those that are late."""

    channel_class = _Connection
    stopped_at: float | None = None
    """When it was closed."""

    def stop(self) -> None:
        """Accept who has connected already, and close: whoever comes now is refused, and asks another process.

        What is left unaccepted when the last process closes would be reset by the system, request and all.
        """
        known = -1
        while known < len(self.active_channels):
            known = len(self.active_channels)
            self.handle_accept()
        self.del_channel()
        self.socket.close()
        self.stopped_at = time.monotonic()
        for connection in list(self.active_channels.values()):
            connection.end_after_answer()

    def maintenance(self, now: float) -> None:
        """End connections that rest for too long, and those whose request does not come to its end."""
        super().maintenance(now)
        moment = time.monotonic()
        for connection in self.active_channels.values():
            if connection.is_late(moment):
                connection.will_close = True


class BufferingWorker(Worker):
    """A gunicorn worker whose requests are read by waitress."""

    def run(self) -> None:
        """Serve until told to stop; then accept nothing more, and let what is under way come to its end."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        connections: dict[int, Any] = {}
        threads = ThreadedTaskDispatcher()
        threads.set_thread_count(self.cfg.threads)
        bound: list[Any] = self.sockets
        listeners = [self._listener(each.sock, connections, threads) for each in bound]
        while self.alive and self.ppid == os.getppid():
            self._turn(connections)
        for listener in listeners:
            listener.stop()
        ends = time.monotonic() + self.cfg.graceful_timeout
        while _busy(listeners) and time.monotonic() < ends:
            self._turn(connections, _STOPPING_TICK)
        threads.shutdown(timeout=1)

    def _turn(self, connections: dict[int, Any], seconds: float = _TICK) -> None:
        self.notify()
        wasyncore.loop(timeout=seconds, use_poll=True, map=connections, count=1)

    def _listener(self, sock: socket.socket, connections: dict[int, Any], threads: ThreadedTaskDispatcher) -> _Listener:
        application: Any = self.wsgi
        limits = Adjustments(
            sockets=[sock],
            threads=self.cfg.threads,
            connection_limit=_connections_allowed(),
            cleanup_interval=1,
            channel_timeout=IDLE_SECONDS,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=application.config["LARGEST_BODY"] + 1,
            # The application itself knows how many proxies to believe.
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        where = (sock.family, sock.type, sock.proto, sock.getsockname())
        return _Listener(
            application, connections, _sock=sock, dispatcher=threads, adj=limits, sockinfo=where, bind_socket=False
        )


def _busy(listeners: list[_Listener]) -> bool:
    """Whether anybody still has to be answered. Who is not busy is let go: the connection is closed."""
    now, is_busy = time.monotonic(), False
    for connection in [each for listener in listeners for each in listener.active_channels.values()]:
        if connection.is_busy(now):
            is_busy = True
        else:
            connection.will_close = True
    return is_busy


def _connections_allowed() -> int:
    """As many as wanted, or as this process may open files: the soft limit is raised as far as the hard one allows."""
    wanted = CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, soft - _OTHER_FILES)
