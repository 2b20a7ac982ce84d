"""`make model`, or `python -m tests.model --steps 100000`: several seeds side by side; exits 1 when one found anything.

Each process takes its part of the steps by its own seed, on a server of its own, and adds what it did to one file.
SIGINT and SIGTERM end them all after the step that they are at.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import SystemRandom
from types import FrameType

_TEST = ("-n", "0", "tests/model", "-k", "any_steps and services", "-s", "-q", "-p", "no:cacheprovider")


def main() -> None:
    """Take the steps, and print the sums."""
    given = _arguments()
    first = given.seed if given.seed is not None else SystemRandom().randrange(10**9)
    began = [_start(given, first + number) for number in range(given.processes)]

    def stop(_number: int, _frame: FrameType | None) -> None:
        for process in began:
            process.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    ends = [process.wait() for process in began]
    if given.file.exists():
        kept = json.loads(given.file.read_text())
        print(f"{given.file}: {kept['steps']} steps, seeds {kept['seeds']}, {len(kept['failures'])} failures")
    sys.exit(max(abs(each) for each in ends) and 1)


def _start(given: argparse.Namespace, seed: int) -> subprocess.Popen[bytes]:
    """One process, which a signal to this one does not reach by itself."""
    named = {
        "MODEL_STEPS": max(1, given.steps // given.processes),
        "MODEL_SEED": seed,
        "MODEL_MINUTES": given.minutes,
        "MODEL_DATABASE": given.database,
        "MODEL_FILE": given.file.resolve(),
    }
    environment = os.environ | {name: str(value) for name, value in named.items()}
    return subprocess.Popen([sys.executable, "-m", "pytest", *_TEST], env=environment, start_new_session=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="of all processes together")
    parser.add_argument("--minutes", type=float, default=0, help="the most that it takes; 0 for no end but the steps'")
    parser.add_argument("--seed", type=int, help="of the first process, the next ones have the next; else by chance")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--file", type=Path, default=Path("var/model.json"), help="to which the sums are added")
    return parser.parse_args()


if __name__ == "__main__":
    main()
