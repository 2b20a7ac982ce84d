"""Change the rules of `webapp/domain`, or the ledger, one at a time in a copy, and see whether their tests notice.

mutmut makes the changes: another comparison, another number, a word less. Exit 1 when fewer are noticed than is enough.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kept_databases import sqlite_template
from mutants import ROOT, copied


@dataclass(frozen=True)
class Area:
    """Code that is changed, in place of what `[tool.mutmut]` of pyproject.toml says, and the share that is enough."""

    enough: float
    instead: Mapping[str, str]


AREAS = {
    "domain": Area(0.95, {}),
    # By services on SQLite: what writes on PostgreSQL is held by the guards and by the tests on both databases.
    # Each change is tried in a process that has run nothing yet: statements that are built once are built with it.
    "ledger": Area(
        0.85,
        {
            'only_mutate = ["webapp/domain/*"]': 'only_mutate = ["webapp/services/ledger/*"]',
            'do_not_mutate = ["webapp/domain/outbox/event_types.py", "webapp/domain/alert_definitions.py"]': (
                'do_not_mutate = ["webapp/services/ledger/posting_postgresql.py"]\nprocess_isolation = "forkserver"'
            ),
            'pytest_add_cli_args_test_selection = ["tests/domain"]': (
                'pytest_add_cli_args_test_selection = ["tests/services/ledger", "-k", "not postgresql and not pg_"]'
            ),
        },
    ),
}
REPORT = ROOT / "var" / "rule_mutants.txt"
_NOTICED = ("killed", "timeout")
_NOT_TRIED, _NOT_REACHED = "not checked", "no tests"


def found(said: str) -> dict[str, str]:
    """What became of each mutant, by its name, from what `mutmut results` says."""
    lines = (line.strip().rpartition(": ") for line in said.splitlines())
    return {name: state for name, colon, state in lines if colon and "__mutmut_" in name}


def share(states: Mapping[str, str]) -> float:
    """How many of those that were tried were noticed."""
    tried = [state for state in states.values() if state != _NOT_TRIED]
    return sum(state in _NOTICED for state in tried) / len(tried) if tried else 0.0


def prepare(place: Path, area: Area) -> None:
    """Let mutmut change this area in the copy. Exits when its settings are not as they are known here."""
    file = place / "pyproject.toml"
    told = file.read_text()
    for text, instead in area.instead.items():
        if told.count(text) != 1:
            raise SystemExit(f"pyproject.toml does not say once: {text}")
        told = told.replace(text, instead)
    file.write_text(told)


def run(place: Path, names: Sequence[str] = (), minutes: float | None = None) -> str:
    """Let mutmut try what it can in the copy, in as many minutes; it says what became of each."""
    words = [sys.executable, "-m", "mutmut"]
    environment = os.environ | {"PYTHONPATH": ""} | sqlite_template(place)
    with subprocess.Popen([*words, "run", *names], cwd=place, env=environment, stdout=subprocess.DEVNULL) as tries:
        try:
            tries.wait(60 * minutes if minutes else None)
        except subprocess.TimeoutExpired:
            tries.terminate()
    return subprocess.run(
        [*words, "results", "--all", "true"], cwd=place, env=environment, check=True, capture_output=True, text=True
    ).stdout


_SHOWS = """
import sys
from mutmut.__main__ import get_diff_for_mutant
for name in sys.argv[1:]:
    print(f"# {name}", get_diff_for_mutant(name), sep=chr(10))
"""


def differences(place: Path, names: Sequence[str]) -> str:
    """These mutants as patches."""
    words = [sys.executable, "-c", _SHOWS, *names]
    return subprocess.run(words, cwd=place, check=True, capture_output=True, text=True).stdout


def main() -> int:
    """Exit 1 when too few are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only the changes of these names; * stands for anything")
    parser.add_argument("--area", choices=AREAS, default="domain", help="what is changed")
    parser.add_argument("--minutes", type=float, help="end after so long")
    given = parser.parse_args()
    began, area = time.monotonic(), AREAS[given.area]
    with copied(ROOT) as place:
        prepare(place, area)
        states = found(run(place, given.names, given.minutes))
        unnoticed = [name for name, state in states.items() if state not in (*_NOTICED, _NOT_TRIED)]
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(differences(place, [name for name in unnoticed if states[name] != _NOT_REACHED]))
    print(*(f"{states[name]:9} {name}" for name in unnoticed), sep="\n")
    figures = ", ".join(f"{count} {state}" for state, count in Counter(states.values()).most_common())
    minutes = (time.monotonic() - began) / 60
    print(f"{figures}: {share(states):.1%} noticed, in {minutes:.0f} minutes. The others as patches: {REPORT}.")
    return 0 if share(states) >= area.enough else 1


if __name__ == "__main__":
    sys.exit(main())
