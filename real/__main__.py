"""`make real`, or `python -m real --rows redis`: exits 1 when the desk said of a trouble what is not so."""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from real import handbook
from real.packages import missing
from real.report import Report
from real.rows import (
    of_answers,
    of_buckets,
    of_clocks,
    of_copies,
    of_doctor,
    of_handbook,
    of_pairs,
    of_poolers,
    of_redis,
    of_schema,
    of_sentinels,
    of_stops,
    of_watch,
)
from real.world import World, world

ROWS: dict[str, Callable[[World, Report], None]] = {
    "doctor": of_doctor.try_all,
    "redis": of_redis.try_all,
    "pgbouncer": of_poolers.try_all,
    "hosts": of_pairs.try_all,
    "answers": of_answers.try_all,
    "schema": of_schema.try_all,
    "clocks": of_clocks.try_all,
    "watched": of_watch.try_all,
    "buckets": of_buckets.try_all,
    "copies": of_copies.try_all,
    "sentinel": of_sentinels.try_all,
    "stop": of_stops.try_all,
    "handbook": of_handbook.try_all,
}


def main() -> None:
    """Every row, or those that the command line names, until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m real", description=__doc__)
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS), help="which rows; all by default")
    parser.add_argument("--minutes", type=float, default=25.0, help="the most that it takes")
    parser.add_argument("--file", type=Path, default=Path("var/real.json"), help="where the report goes")
    given = parser.parse_args()
    report = Report()
    for each in missing():
        report.missing.append(f"{each.program}: {each.install}")
        print(f"{each.program} is not here ({each.purpose}): {each.install}", flush=True)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, given.minutes * 60)
    try:
        with world() as here:
            for row in given.rows:
                report.attempt(row, partial(ROWS[row], here, report))
        if set(given.rows) == set(ROWS) and not report.missing:
            with report.case(of_handbook.ROW, "every block of the page was run") as case:
                case.heard("blocks that no row took", ", ".join(handbook.untried()) or "none", "none")
    except TimeIsOver:
        report.not_tried("all", "what is missing above", f"{given.minutes:g} minutes are over")
        report.is_whole = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        report.keep(given.file)
    figures = report.figures()
    print({name: figures[name] for name in ("tried", "good", "slowest_recovery_s")}, flush=True)
    sys.exit(0 if report.is_good else 1)


class TimeIsOver(BaseException):
    """The most that it may take is over; nothing that catches failures catches it."""


def _over(_number: int, _frame: FrameType | None) -> None:
    raise TimeIsOver


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
