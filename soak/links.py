"""Connections that can be broken: a proxy of Unix sockets and TCP between processes, with a mode for each link."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

HOST = "127.0.0.1"
PASS, CUT, HOLD_REQUESTS, HOLD_ANSWERS, SLOW = "pass", "cut", "hold_requests", "hold_answers", "slow"
MODES = (CUT, HOLD_REQUESTS, HOLD_ANSWERS, SLOW)
_PIECE = 65_536
Done = TypeVar("Done")
_LOOK = 0.02

Address = Path | int
"""A Unix socket, or a port of this machine."""


@dataclass(eq=False)
class Link:
    """What connects to `listens` reaches the first of `upstreams` that answers, as far as `mode` lets it.

    `hold_requests` and `hold_answers` keep back the bytes of one way, as a partition of one way does, and deliver them
    when it is over; `cut` ends every connection and takes no new one; `slow` delays each piece.
    """

    name: str
    listens: Address
    upstreams: list[Address]
    mode: str = PASS
    delay: float = 0.1
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _turn: int = 0

    @property
    def port(self) -> int:
        """Its port. Raises TypeError when it is a Unix socket."""
        if isinstance(self.listens, int):
            return self.listens
        raise TypeError(f"{self.name} is at {self.listens}.")

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        if self.mode == CUT:
            writer.close()
            return
        there = await self._connected()
        if there is None:
            writer.close()
            return
        back, out = there
        self._open |= {writer, out}
        try:
            ways = (self._carry(reader, out, HOLD_REQUESTS), self._carry(back, writer, HOLD_ANSWERS))
            await _first_of(*ways)
        finally:
            self._open -= {writer, out}
            for each in (writer, out):
                with suppress(OSError, RuntimeError):
                    each.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        for place in range(len(self.upstreams)):
            address = self.upstreams[(self._turn + place) % len(self.upstreams)]
            with suppress(OSError):
                if isinstance(address, int):
                    return await asyncio.open_connection(HOST, address)
                return await asyncio.open_unix_connection(str(address))
        return None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held_by: str) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                while self.mode == held_by:
                    await asyncio.sleep(_LOOK)
                if self.mode == SLOW:
                    await asyncio.sleep(self.delay)
                writer.write(piece)
                await writer.drain()

    def end_all(self) -> None:
        """End every connection, as a reset does: nothing that waits is delivered."""
        for writer in list(self._open):
            writer.transport.abort()


async def _first_of(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class Links:
    """Every link, served by one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self.by_name: dict[str, Link] = {}

    def add(self, name: str, upstreams: list[Address], socket: Path | None = None) -> Link:
        """A new link: at this Unix socket, or at a free port."""
        return self._call(self._begin(name, upstreams, socket))

    def set(self, link: Link, mode: str) -> None:
        """Let a link be so from now on; a cut ends what is open."""

        async def change() -> None:
            link.mode = mode
            if mode == CUT:
                link.end_all()

        self._call(change())

    def lead(self, link: Link, upstreams: list[Address]) -> None:
        """Let a link lead elsewhere from now on; what is open ends."""

        async def change() -> None:
            link.upstreams = upstreams
            link.end_all()

        self._call(change())

    def heal(self) -> None:
        """Let every link pass."""
        for link in self.by_name.values():
            self.set(link, PASS)

    def close(self) -> None:
        """End every connection and take no more."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            for link in self.by_name.values():
                link.end_all()

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _begin(self, name: str, upstreams: list[Address], socket: Path | None) -> Link:
        link = Link(name, socket or 0, upstreams)
        accept: Callable[..., Coroutine[Any, Any, None]] = link.accept
        if socket is None:
            server = await asyncio.start_server(accept, HOST, 0)
            link.listens = int(server.sockets[0].getsockname()[1])
        else:
            socket.parent.mkdir(parents=True, exist_ok=True)
            server = await asyncio.start_unix_server(accept, str(socket))
            os.chmod(socket, 0o700)
        self._servers.append(server)
        self.by_name[name] = link
        return link

    def _call(self, doing: Coroutine[Any, Any, Done]) -> Done:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(10)
