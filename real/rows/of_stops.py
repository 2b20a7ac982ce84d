"""A web server that is told to stop while clients of every pace ask: nobody who was let in is cut off."""

import os
import signal
import time

import requests

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


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with servers.redis(world.new_folder("redis")) as port, world.desk(f"redis://127.0.0.1:{port}/0") as desk:
        for number in range(_TIMES):
            with report.case(ROW, f"SIGTERM to the web under load, {number + 1} of {_TIMES}") as case:
                _stop(desk, case)


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
