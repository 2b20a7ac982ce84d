"""A worker whose machine is five minutes behind."""

import signal
import sys

from real import servers
from real.desk import now
from real.report import Report
from real.rows.of_answers import words
from real.world import World
from soak.world import until

ROW = "6 clocks"
_OFF = "300.0 s behind"


def try_all(world: World, report: Report) -> None:
    """The case of the row; the machine of whom doctor is asked is among the set-ups."""
    with (
        servers.redis(world.new_folder("redis")) as port,
        world.desk(f"redis://127.0.0.1:{port}/0") as desk,
        report.case(ROW, "the only worker's clock is five minutes behind") as case,
    ):
        skewed = [sys.executable, "-m", "soak.skewed", "-300", "worker"]
        desk.start(arguments={"worker": skewed})
        case.heard("desk doctor", until(lambda: _off(desk.doctor()["clock"].sentence), 60), _OFF, "NTP")
        case.heard("desk doctor, who is at work", desk.doctor()["processes"].sentence, "1 worker")
        case.heard("Queues and workers", until(lambda: _part(words(desk.page("/queues/"), 20_000), _OFF), 20), _OFF)
        case.heard("the alerts", until(lambda: _alert(desk.api.get(f"{desk.url}/api/v1/alerts").text), 60), _OFF)
        since = now()
        process = desk.process("worker")
        process.command = [sys.executable, "-m", "webapp.cli", "worker"]
        process.send(signal.SIGTERM)
        desk.prove()
        case.well_after = round(desk.wait_until_well(since), 1)


def _off(said: str) -> str:
    return said if _OFF in said else ""


def _part(text: str, word: str) -> str:
    at = text.find(word)
    return text[at : at + 200] if at >= 0 else ""


def _alert(text: str) -> str:
    at = text.find("clock_off")
    return text[max(0, at - 200) : at + 300] if at >= 0 else ""
