"""`make soak`, or `python -m soak --seed 7 --minutes 10`: exits 1 when anything was lost, doubled, left or wrong."""

import argparse
import logging
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from soak.releases import PREVIOUS
from soak.report import figures, is_clean, keep, show
from soak.run import FAULTS_PER_MINUTE, Plan, soak
from soak.small_disk import own_mounts


def main() -> None:
    """One soak by the command line."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="the script of faults")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long there are faults")
    parser.add_argument("--faults", type=float, default=FAULTS_PER_MINUTE, help="how many a minute")
    parser.add_argument("--pause", type=float, default=0.3, help="seconds between two acts of a client")
    parser.add_argument("--logs", type=Path, help="a folder for the logs and the journal")
    parser.add_argument("--file", type=Path, default=Path("var/soak.json"), help="where the figures go")
    parser.add_argument(
        "--previous",
        nargs="?",
        const=PREVIOUS,
        help="begin as the release before (or as a commit) and roll to this one",
    )
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("soak").setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, _stop)
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    plan = Plan(
        given.seed,
        given.minutes * 60,
        faults_per_minute=given.faults,
        pause=given.pause,
        on_a_small_disk=own_mounts(),
        keep=given.logs,
        previous=given.previous,
    )
    found = figures(soak(plan))
    keep(found, given.file)
    show(found)
    sys.exit(0 if is_clean(found) else 1)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
