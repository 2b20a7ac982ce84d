"""Connections that look at the address they connect to at the very moment of connecting, and end in time."""

import socket
import threading
from collections.abc import Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from webapp.domain.outbox.addresses import Network, may_reach


class PrivateAddress(NewConnectionError):
    """The name leads to an address that may not be reached."""


class AddressPolicy:
    """Opens the sockets of one call: to allowed addresses only, and none outlives the call's deadline.

    A name may answer differently each time it is asked, so the address that was checked is the one connected to.
    """

    def __init__(self, allowed: Sequence[Network], seconds: float) -> None:
        self.overdue = False
        self._allowed = allowed
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "AddressPolicy":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for each in self._sockets:
            each.close()

    def connect(self, connection: HTTPConnection, timeout: float) -> socket.socket:
        """A socket to the connection's host. Raises PrivateAddress, or OSError when nothing answers."""
        found = socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
        open_to = [each for each in found if may_reach(str(each[4][0]), self._allowed)]
        if not open_to:
            raise PrivateAddress(connection, "leads to a private address")
        refused: OSError | None = None
        for family, kind, protocol, _name, address in open_to[:4]:
            try:
                return self._opened(family, kind, protocol, address, timeout)
            except OSError as problem:
                refused = problem
        raise refused or OSError("no address")

    def _opened(self, family: int, kind: int, protocol: int, address: Any, timeout: float) -> socket.socket:
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(timeout)
            made.connect(address)
            self._sockets.append(made.dup())
        except OSError:
            made.close()
            raise
        return made

    def _end(self) -> None:
        """Shut every socket: the copies of them stay ours while TLS takes the originals apart."""
        self.overdue = True
        for each in self._sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class CheckedAdapter(HTTPAdapter):
    """An adapter of requests whose connections go through a gate."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._gate = policy
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """A pool manager whose connections are opened by the gate."""
        manager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
        manager.pool_classes_by_scheme = _pools(self._gate)
        self.poolmanager = manager


def _pools(policy: AddressPolicy) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _through(policy, self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _through(policy, self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _through(policy: AddressPolicy, connection: HTTPConnection) -> socket.socket:
    timeout = connection.timeout
    try:
        return policy.connect(connection, float(timeout) if isinstance(timeout, int | float) else 10.0)
    except OSError as problem:
        raise NewConnectionError(connection, f"can't be reached: {type(problem).__name__}") from problem
