"""Change the rules of `webapp/domain` one at a time in a copy, and see whether their tests notice.

mutmut makes the changes: another comparison, another number, a word less. Exit 1 when fewer than `ENOUGH` are noticed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from mutants import ROOT, copied

ENOUGH = 0.95
REPORT = ROOT / "var" / "rule_mutants.txt"
_NOTICED = ("killed", "timeout")
_NOT_TRIED = "not checked"


def found(said: str) -> dict[str, str]:
    """What became of each mutant, by its name, from what `mutmut results` says."""
    lines = (line.strip().rpartition(": ") for line in said.splitlines())
    return {name: state for name, colon, state in lines if colon and "__mutmut_" in name}


def share(states: Mapping[str, str]) -> float:
    """How many of those that were tried were noticed."""
    tried = [state for state in states.values() if state != _NOT_TRIED]
    return sum(state in _NOTICED for state in tried) / len(tried) if tried else 0.0


def run(place: Path, minutes: float | None = None) -> str:
    """Let mutmut try what it can in the copy, in as many minutes; it says what became of each."""
    words = [sys.executable, "-m", "mutmut"]
    environment = os.environ | {"PYTHONPATH": ""}
    with subprocess.Popen([*words, "run"], cwd=place, env=environment, stdout=subprocess.DEVNULL) as tries:
        try:
            tries.wait(60 * minutes if minutes else None)
        except subprocess.TimeoutExpired:
            tries.terminate()
    return subprocess.run(
        [*words, "results", "--all", "true"], cwd=place, env=environment, check=True, capture_output=True, text=True
    ).stdout


def differences(place: Path, names: list[str]) -> Iterator[str]:
    """Each of these mutants as a patch."""
    for name in names:
        words = [sys.executable, "-m", "mutmut", "show", name]
        yield subprocess.run(words, cwd=place, capture_output=True, text=True).stdout


def main() -> int:
    """Exit 1 when too few are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, help="end after so long")
    given = parser.parse_args()
    began = time.monotonic()
    with copied(ROOT) as place:
        states = found(run(place, given.minutes))
        unnoticed = [name for name, state in states.items() if state not in (*_NOTICED, _NOT_TRIED)]
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join(differences(place, unnoticed)))
    print(*(f"{states[name]:9} {name}" for name in unnoticed), sep="\n")
    figures = ", ".join(f"{count} {state}" for state, count in Counter(states.values()).most_common())
    minutes = (time.monotonic() - began) / 60
    print(f"{figures}: {share(states):.1%} noticed, in {minutes:.0f} minutes. The others as patches: {REPORT}.")
    return 0 if share(states) >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
