"""Take each guard of the desk away, one at a time in a copy, and see whether the tests that should notice do.

The guards stand in `tools/guards.toml`, each with the text to replace and the tests that hold it. Exit 1 when a mutant
survives, when it breaks more than its guard, or when a guard's text or test is not there any more.
"""

import argparse
import gc
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import kept_databases

ROOT = Path(__file__).parents[1]
GUARDS = ROOT / "tools" / "guards.toml"
REPORT = ROOT / "var" / "mutants.json"
HANGS_AFTER, _HOURS = 420.0, 7_200.0
"""Seconds for the tests of one mutant; a lock that is missing may leave them waiting for each other."""
_MIGRATIONS = "webapp/migrations/"
_PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line")
_PLUGINS = "xdist.plugin,pytest_timeout,_hypothesis_pytestplugin"
"""All that the tests need: loading the others takes longer than most of these tests."""
_FAILED, _NEVER_RUN = 1, 3
"""What pytest ends with when tests failed; anything else but 0 is not a test's verdict."""


class State(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"
    """The tests could not be run with it: its replacement is wrong, or its tests are."""
    LEFT = "left out"
    """The time was over."""


@dataclass(frozen=True)
class Change:
    """A text that stands once in a file, and what stands there without the guard."""

    file: str
    text: str
    instead: str


@dataclass(frozen=True)
class Guard:
    """What keeps something from happening, and who would notice if it were gone."""

    name: str
    kind: str
    promise: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


@dataclass
class Result:
    """How a mutant fared. `detail` is what the tests said last."""

    name: str
    kind: str
    state: State
    seconds: float = 0.0
    detail: str = ""


@dataclass
class Report:
    """All results, and the figures of them."""

    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, state: State) -> int:
        """How many ended so."""
        return sum(each.state == state for each in self.results)

    @property
    def is_good(self) -> bool:
        """Whether every mutant that was tried is dead."""
        return not (self.count(State.SURVIVED) or self.count(State.BROKEN))

    def write(self, file: Path) -> None:
        """Keep it for machines."""
        file.parent.mkdir(exist_ok=True)
        figures = {state.name.lower(): self.count(state) for state in State}
        rows = [asdict(each) | {"state": each.state.name.lower()} for each in self.results]
        found = {"guards": len(rows), **figures, "seconds": round(self.seconds), "mutants": rows}
        file.write_text(json.dumps(found, indent=1) + "\n")


def read_guards(file: Path = GUARDS) -> list[Guard]:
    """The guards in the order of their file."""
    return [_guard(row) for row in tomllib.loads(file.read_text())["guard"]]


def _guard(row: dict[str, Any]) -> Guard:
    changes = [Change(each["file"], each["text"], each["instead"]) for each in (row, *row.get("also", ()))]
    return Guard(row["name"], row["kind"], row["promise"], tuple(changes), tuple(row["tests"]))


def problems(guards: Sequence[Guard], root: Path = ROOT) -> Iterator[str]:
    """A sentence for each guard that can't be tried as it is written down."""
    for name, times in Counter(guard.name for guard in guards).items():
        if times > 1:
            yield f"{name}: {times} guards have this name."
    for guard in guards:
        if not guard.tests:
            yield f"{guard.name}: no test is named that would notice."
        yield from (f"{guard.name}: {found}" for change in guard.changes if (found := _stale(change, root)))
        yield from (f"{guard.name}: there is no test {test}." for test in guard.tests if not is_there(test, root))


def _stale(change: Change, root: Path) -> str:
    file = root / change.file
    if change.text == change.instead:
        return "what stands instead is the same."
    times = file.read_text().count(change.text) if file.is_file() else 0
    return "" if times == 1 else f"its text is {times} times in {change.file}, not once."


def is_there(test: str, root: Path) -> bool:
    """Whether a test of this name stands in its file."""
    path, _, name = test.partition("::")
    file, function = root / path, name.partition("[")[0]
    if not function:
        return file.is_file()
    return file.is_file() and re.search(rf"^\s*def {function}\(", file.read_text(), re.MULTILINE) is not None


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Path]:
    """A copy of what is or could be committed; removed afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True
    )
    with tempfile.TemporaryDirectory(prefix="desk-mutants-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            target = Path(folder) / name
            if (root / name).is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, target)
        yield Path(folder)


class Laboratory:
    """Runs tests in a copy, as it is or with one guard taken away.

    Each run is a fork of this process, which imports nothing of the copy: what comes from elsewhere is imported once.
    """

    def __init__(self, place: Path, databases: Mapping[str, str]) -> None:
        self._place, self._tried, self._databases = place, 0, databases
        # For what the tests start: it must not find the code where it is installed.
        self._environment = {
            "PYTHONPATH": str(place),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": _PLUGINS,
        }

    def require_own_code(self, package: str = "webapp") -> None:
        """Exit when the tests in the copy would import the package from elsewhere, such as the checkout."""
        words = [sys.executable, "-c", f"import {package}; print({package}.__file__)"]
        environment = os.environ | self._environment
        found = subprocess.run(words, cwd=self._place, env=environment, capture_output=True, text=True)
        if not Path(found.stdout.strip() or "/").resolve().is_relative_to(self._place.resolve()):
            raise SystemExit(f"The copy would be tested with {package} of {found.stdout.strip() or found.stderr}.")

    def try_all(self, tests: Sequence[str]) -> tuple[bool, str]:
        """Whether these tests pass in the copy as it is, and what they said last."""
        code, said = self._pytest(tests, _HOURS, self._databases)
        return code == 0, said

    def try_without(self, guard: Guard) -> Result:
        """What its tests say when the guard is gone."""
        began = time.monotonic()
        # What changes the migrations needs databases that are made by them.
        are_right = not any(change.file.startswith(_MIGRATIONS) for change in guard.changes)
        with self._without(guard):
            code, said = self._pytest(guard.tests, HANGS_AFTER, self._databases if are_right else {})
        state = {0: State.SURVIVED, _FAILED: State.KILLED}.get(code, State.BROKEN)
        return Result(guard.name, guard.kind, state, round(time.monotonic() - began, 1), said)

    @contextmanager
    def _without(self, guard: Guard) -> Iterator[None]:
        kept = {change.file: (self._place / change.file).read_text() for change in guard.changes}
        try:
            for change in guard.changes:
                file = self._place / change.file
                self._write(file, file.read_text().replace(change.text, change.instead))
            yield
        finally:
            for name, text in kept.items():
                self._write(self._place / name, text)

    def _write(self, file: Path, text: str) -> None:
        # Python takes compiled code for that of a source of the same second and size.
        self._tried += 1
        instant = file.stat().st_mtime + 10 * self._tried
        file.write_text(text)
        os.utime(file, (instant, instant))

    def _pytest(self, tests: Sequence[str], seconds: float, databases: Mapping[str, str]) -> tuple[int, str]:
        with tempfile.TemporaryDirectory(prefix="desk-mutant-") as folder:
            said, imported = Path(folder) / "said", Path(folder) / "imported"
            child = os.fork()
            if child == 0:
                self._be_pytest(tests, said, imported, databases)
            code = _ended(child, seconds)
            if code is None:
                return _FAILED, f"Its tests did not end within {seconds:g} s."
            _import_all(imported.read_text().split() if imported.exists() else ())
            return code, _last_words(said.read_text())

    def _be_pytest(self, tests: Sequence[str], said: Path, imported: Path, databases: Mapping[str, str]) -> None:
        """Run the tests in this process, which is the child, and end it."""
        code = _NEVER_RUN
        try:
            os.setsid()  # so that the servers of tests that hang end with them
            gc.freeze()  # pytest looks for garbage five times when it ends: what the parent has is none
            os.chdir(self._place)
            os.environ |= {**self._environment, **databases}
            sys.path.insert(0, str(self._place))
            sys.stdout = sys.stderr = said.open("w")
            for standard in (1, 2):
                os.dup2(sys.stdout.fileno(), standard)
            import pytest

            code = int(pytest.main([*_PYTEST, *tests]))
            imported.write_text("\n".join(_from_elsewhere(self._place)))
        finally:
            sys.stdout.flush()
            os._exit(code)


def _ended(child: int, seconds: float) -> int | None:
    """The child's exit code; None when it had to be killed, with all that it started."""
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
    except BaseException:
        os.killpg(child, signal.SIGTERM)
        raise
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _from_elsewhere(place: Path) -> Iterator[str]:
    """The modules of this process that are neither the copy's nor Python's own."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and "site-packages" in file and not Path(file).is_relative_to(place):
            yield name


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):  # it is tried again where it is needed
                importlib.import_module(name)


def _last_words(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))] or said.splitlines()[-8:]
    return "\n".join(lines)[:2_000]


def try_each(guards: Sequence[Guard], laboratory: Laboratory, minutes: float | None = None) -> Iterator[Result]:
    """A result for each guard; those that the time is not enough for are left out."""
    ends = time.monotonic() + 60 * minutes if minutes else None
    for guard in guards:
        if ends is not None and time.monotonic() > ends:
            yield Result(guard.name, guard.kind, State.LEFT)
        else:
            yield laboratory.try_without(guard)


def _chosen(guards: Sequence[Guard], names: Sequence[str], kind: str) -> list[Guard]:
    unknown = set(names) - {guard.name for guard in guards}
    if unknown:
        raise SystemExit(f"There is no guard named {', '.join(sorted(unknown))}.")
    some = [guard for guard in guards if not names or guard.name in names]
    return [guard for guard in some if not kind or guard.kind == kind]


def run(guards: Sequence[Guard], root: Path, *, minutes: float | None = None, package: str = "webapp") -> Report:
    """Try the guards in a copy of `root`, saying how each fares. Exits when their tests fail without any change."""
    report, began = Report(), time.monotonic()
    with copied(root) as place, kept_databases.kept(place) as databases:
        laboratory = Laboratory(place, databases)
        laboratory.require_own_code(package)
        tests = list(dict.fromkeys(test for guard in guards for test in guard.tests))
        well, said = laboratory.try_all(tests)
        if not well:
            raise SystemExit(f"The tests fail with every guard in its place, so they tell nothing:\n{said}")
        for result in try_each(guards, laboratory, minutes):
            report.results.append(result)
            print(f"{result.state:9} {result.kind:11} {result.name:44} {result.seconds:6.1f} s", flush=True)
            if result.state in (State.SURVIVED, State.BROKEN):
                print(result.detail, flush=True)
    report.seconds = time.monotonic() - began
    return report


def main() -> int:
    """Exit 1 unless every mutant that was tried is dead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these guards")
    parser.add_argument("--kind", default="", help="only guards of this kind")
    parser.add_argument("--minutes", type=float, help="begin with none after so long")
    parser.add_argument("--list", action="store_true", help="only say what is guarded")
    given = parser.parse_args()
    guards = read_guards()
    stale = list(problems(guards))
    if stale:
        print(*stale, sep="\n", file=sys.stderr)
        return 1
    chosen = _chosen(guards, given.names, given.kind)
    if given.list:
        print(*(f"{guard.kind:11} {guard.name:44} {guard.promise}" for guard in chosen), sep="\n")
        return 0
    report = run(chosen, ROOT, minutes=given.minutes)
    report.write(REPORT)
    figures = ", ".join(f"{report.count(state)} {state.lower()}" for state in State if report.count(state))
    print(f"{len(report.results)} guards: {figures}, in {report.seconds / 60:.0f} minutes. See {REPORT}.")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
