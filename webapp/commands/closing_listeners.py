"""How a server that is told to stop closes its listening sockets: who has connected is served, who comes then refused.

A system completes connections by itself and queues them; what is left in the queue when the last process closes the
listening socket is reset, request and all. Emptying the queue first does not help: somebody comes between the last look
and the close. So the system is told to heed no new connection, the queue runs empty, and then the socket is closed.
"""

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Iterable

QUIET_SECONDS = 0.5
"""How long connections that the system is completing are waited for: two ways between a caller and this machine."""
_SO_ATTACH_FILTER = 26
_FLAGS_AT, _SYN, _SYN_OR_ACK = 13, 0x02, 0x12
"""Where a TCP header has its flags, and the two that tell a first packet from all later ones (RFC 9293, 3.1)."""
_LOAD, _AND, _IS_NOT, _RETURN = 0x30, 0x54, 0x15, 0x06
_ALL = 0xFFFFFFFF
_HEED_NO_SYN = [
    (_LOAD, 0, 0, _FLAGS_AT),
    (_AND, 0, 0, _SYN_OR_ACK),
    (_IS_NOT, 0, 1, _SYN),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, _ALL),
]
"""A filter in the classic language of Linux (socket(7), SO_ATTACH_FILTER): load the flags, keep SYN and ACK of
them, and drop the packet where SYN stands alone.
"""


def drop_connection_requests(listeners: Iterable[socket.socket]) -> bool:
    """Begin no connection on these sockets any more, in whichever process has them; those that are under way are
    accepted as before. Who comes asks again within a second, and is refused once they are closed.

    False where the system can't: not on Linux, or a filter is not allowed.
    """
    if not sys.platform.startswith("linux"):
        return False
    program = b"".join(struct.pack("HBBI", *each) for each in _HEED_NO_SYN)
    kept = ctypes.create_string_buffer(program)
    given = struct.pack("HL", len(_HEED_NO_SYN), ctypes.addressof(kept))
    try:
        for each in listeners:
            each.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, given)
    except OSError:
        return False
    return True


def drain_accept_queues(listeners: Iterable[socket.socket]) -> None:
    """Begin no connection any more, and wait for those that are being made; processes go on accepting meanwhile."""
    if drop_connection_requests(listeners):
        time.sleep(QUIET_SECONDS)
