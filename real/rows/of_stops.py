"""A web server that is told to stop while clients of every pace ask: nobody who was let in is cut off."""

import base64
import os
import secrets
import signal
import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from real import servers
from real.desk import Desk, now
from real.load import ANSWERED, CUT, REFUSED, Load
from real.report import Case, Report
from real.world import World

ROW = "8 SIGTERM"
_BUSY = 2.0
"""Seconds of load before it."""
_TIMES = 3
_STOPS = 40.0
_FILE = 9 * 2**20
_BYTES_A_SECOND = 225_000
"""So slow that the web server, told to stop, has to send for longer than half a minute."""


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with servers.redis(world.new_folder("redis")) as port, world.desk(f"redis://127.0.0.1:{port}/0") as desk:
        for number in range(_TIMES):
            with report.case(ROW, f"SIGTERM to the web under load, {number + 1} of {_TIMES}") as case:
                _stop(desk, case)
        with report.case(ROW, "SIGTERM while somebody on a slow line fetches a file") as case:
            _stop_while_fetched(desk, case)


def _stop(desk: Desk, case: Case) -> None:
    desk.start("web")
    assert requests.get(f"{desk.url}/sign-in", timeout=60).status_code == 200
    load = Load(desk.port)
    time.sleep(_BUSY)
    supervised, began = desk.process("web"), now()
    supervised.held = True
    assert supervised.process is not None
    os.kill(supervised.process.pid, signal.SIGTERM)
    code = supervised.process.wait(_STOPS)
    ended = now() - began
    load.end()
    found = {name: load.outcomes[name] for name in (ANSWERED, REFUSED, CUT)}
    said = f"{found}, ended with {code} after {ended:.1f} s"
    case.heard("24 clients", said, f"'{CUT}': 0", f"'{REFUSED}': 24", "ended with 0")


def _stop_while_fetched(desk: Desk, case: Case) -> None:
    desk.start("web")
    number = desk.dispute()
    content = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(_FILE)
    kept = desk.write(
        f"disputes/{number}/evidence", side="buyer", name="box.png", content=base64.b64encode(content).decode()
    )
    assert desk.page(f"/disputes/{number}").status_code == 200
    desk.forms.session.mount(desk.url, _SlowLine())
    supervised = desk.process("web")
    supervised.held = True
    process = supervised.process
    assert process is not None
    file = f"{desk.url}/disputes/{number}/evidence/{kept['id']}"
    with desk.forms.session.get(file, stream=True, timeout=60) as answer:
        began, fetched = now(), b""
        os.kill(process.pid, signal.SIGTERM)
        for piece in answer.iter_content(_BYTES_A_SECOND // 10):
            fetched += piece
            time.sleep(max(0.0, len(fetched) / _BYTES_A_SECOND - (now() - began)))
    whole = "whole" if fetched == content else f"{len(fetched):,} of {len(content):,} bytes"
    case.heard("the file", f"{whole}, {now() - began:.0f} s after SIGTERM", "whole")
    case.heard("the web server", f"ended with {process.wait(_STOPS)}", "ended with 0")


class _SlowLine(HTTPAdapter):
    """A connection that takes little at once, so that the server keeps what was not fetched yet."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make connections with a small buffer."""
        small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)]
        super().init_poolmanager(*arguments, **options, socket_options=small)
