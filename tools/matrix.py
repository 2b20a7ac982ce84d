"""The reliability matrix: what may befall the desk, what must come of it, and the tests that hold it.

`tools/matrix.toml` is the source. The table in `docs/reliability.md` is written from it. By default the tests of the
cells are run, group by group; `--guards` takes away each cell's guards instead, and its own tests must fail.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mutants

ROOT = Path(__file__).parents[1]
CELLS = ROOT / "tools" / "matrix.toml"
PAGE = ROOT / "docs" / "reliability.md"
REPORT = ROOT / "var" / "matrix.json"
BEGIN, END = "<!-- The matrix: written by tools/matrix.py -->", "<!-- The matrix ends -->"
_PYTEST = ("-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", "-o", "junit_family=xunit1")
_OVER = 1_800
"""Seconds for the tests of one group."""


@dataclass(frozen=True)
class Cell:
    """One thing that may happen. Without tests it is not held, and `not_held` says why."""

    id: str
    group: str
    what: str
    must: str
    tests: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    not_held: str = ""
    held_by: str = ""
    """What holds it where no single line does: without any one of these the others still do."""
    ran: date | None = None
    """When its tests last passed."""
    failed_without: date | None = None
    """When they last failed without each of its guards."""


class State(StrEnum):
    """How a cell fared."""

    HELD = "held"
    FAILED = "FAILED"
    NOT_RUN = "NOT RUN"
    """One of its tests was skipped, or is not there."""
    NOT_HELD = "not held"
    LEFT = "left out"
    """The time was over."""


@dataclass
class Result:
    """What the tests of a cell said."""

    cell: str
    state: State
    detail: str = ""


def read_cells(file: Path = CELLS) -> list[Cell]:
    """The cells in the order of their file."""
    return [_cell(row) for row in tomllib.loads(file.read_text())["cell"]]


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(**row | {"tests": tuple(row.get("tests", ())), "guards": tuple(row.get("guards", ()))})


def groups(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """The cells by group, in their order."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.group, []).append(cell)
    return found


def problems(cells: Sequence[Cell], guards: Sequence[mutants.Guard], root: Path = ROOT) -> Iterator[str]:
    """A sentence for each cell that claims what it can't show."""
    known = {guard.name for guard in guards}
    for name, times in Counter(cell.id for cell in cells).items():
        if times > 1:
            yield f"{name}: {times} cells have this name."
    for cell in cells:
        if bool(cell.tests) == bool(cell.not_held):
            yield f"{cell.id}: it names tests, or says why it is not held; one of them."
        if not cell.tests and (cell.guards or cell.ran or cell.failed_without):
            yield f"{cell.id}: without a test nothing else is claimed."
        if cell.guards and cell.held_by:
            yield f"{cell.id}: a guard holds it, or several things together; one of them."
        yield from (f"{cell.id}: there is no test {test}." for test in cell.tests if not mutants.is_there(test, root))
        yield from (f"{cell.id}: there is no guard {name}." for name in cell.guards if name not in known)


def not_collected(cells: Sequence[Cell], collected: Sequence[str]) -> Iterator[str]:
    """Tests of cells that are not among those that pytest found, of the files that it looked into."""
    files = {name.partition("::")[0] for name in collected}
    for cell in cells:
        for test in cell.tests:
            if test.partition("::")[0] in files and not any(names(test, each) for each in collected):
                yield f"{cell.id}: pytest finds no test {test}."


def names(test: str, collected: str) -> bool:
    """Whether a test of a cell names this one: a file all of its tests, a function all of its cases."""
    return collected == test or collected.startswith((f"{test}[", f"{test}::"))


# the table

_HEAD = ("| what | must | test | without its guard | last run |", "|---|---|---|---|---|")


def table(cells: Sequence[Cell]) -> str:
    """What stands in the page between its two marks."""
    held = sum(bool(cell.tests) for cell in cells)
    shown = sum(bool(cell.failed_without) for cell in cells)
    lines = [
        f"{len(cells)} cells: {held} have tests, {len(cells) - held} not yet; of those that have, {shown} were "
        "seen to fail without their guards."
    ]
    for group, some in groups(cells).items():
        lines += [
            "",
            f"### {group}",
            "",
            "| what | must | test | without its guard | last run |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(cell) for cell in some]
    return "\n".join(lines)


def _row(cell: Cell) -> str:
    if not cell.tests:
        return f"| {cell.what} | {cell.must} | **not held yet**: {cell.not_held} | | |"
    tests = "<br>".join(_link(test) for test in cell.tests)
    guards = ", ".join(f"`{name}`" for name in cell.guards) or cell.held_by or "no guard named yet"
    without = f"{guards}: fails, {cell.failed_without}" if cell.failed_without else guards
    return f"| {cell.what} | {cell.must} | {tests} | {without} | {cell.ran or 'never'} |"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[`{name or Path(path).name}`](../{path})"


def write_table(cells: Sequence[Cell], page: Path = PAGE) -> None:
    """Write the table into the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(cells)}\n{END}{rest.partition(END)[2]}")


def written_table(page: Path = PAGE) -> str:
    """What stands in the page."""
    return page.read_text().partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0]


def keep(dates: Mapping[str, Mapping[str, date]], file: Path = CELLS) -> None:
    """Write dates into the cells' source, cell by cell, and leave the rest of it as it is."""
    parts = re.split(r"(?m)^(?=\[\[cell\]\]$)", file.read_text())
    file.write_text("".join(_dated(part, dates) for part in parts))


def _dated(part: str, dates: Mapping[str, Mapping[str, date]]) -> str:
    found = re.search(r'(?m)^id = "(.+)"$', part)
    for key, day in dates.get(found[1] if found else "", {}).items():
        part = re.sub(rf"(?m)^{key} = .*\n", "", part)
        part = f"{part.rstrip()}\n{key} = {day}\n" + ("\n" if part.endswith("\n\n") else "")
    return part


# running


def run(cells: Sequence[Cell], *, minutes: float | None = None) -> list[Result]:
    """Run the cells' tests, a group at a time, saying how each cell fares."""
    ends = time.monotonic() + 60 * minutes if minutes else None
    results: list[Result] = []
    for some in groups(cells).values():
        if ends is not None and time.monotonic() > ends:
            of_group = [Result(cell.id, State.LEFT) for cell in some]
        else:
            verdicts = _tested(list(dict.fromkeys(test for cell in some for test in cell.tests)))
            of_group = [result(cell, verdicts) for cell in some]
        for each in of_group:
            print(f"{each.state:9} {each.cell:44} {each.detail}", flush=True)
        results += of_group
    return results


def _tested(tests: Sequence[str]) -> dict[str, str]:
    """What became of each of these tests, by its id: passed, failed or skipped."""
    if not tests:
        return {}
    with tempfile.TemporaryDirectory(prefix="desk-matrix-") as folder:
        file = Path(folder) / "tests.xml"
        words = [sys.executable, "-m", "pytest", *_PYTEST, f"--junitxml={file}", *tests]
        subprocess.run(words, cwd=ROOT, timeout=_OVER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return verdicts(file) if file.exists() else {}


def verdicts(file: Path) -> dict[str, str]:
    """The tests of a JUnit file, each with what became of it."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(file).iter("testcase"):
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        kinds = {child.tag for child in case}
        said = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[name] = said if found.get(name, "passed") == "passed" else found[name]
    return found


def result(cell: Cell, found: Mapping[str, str]) -> Result:
    """How a cell fared by what became of its tests."""
    if not cell.tests:
        return Result(cell.id, State.NOT_HELD, cell.not_held)
    for test in cell.tests:
        mine = {name: said for name, said in found.items() if names(test, name)}
        failed = [name for name, said in mine.items() if said == "failed"]
        if failed:
            return Result(cell.id, State.FAILED, ", ".join(failed))
        if "passed" not in mine.values() or "skipped" in mine.values():
            return Result(cell.id, State.NOT_RUN, test)
    return Result(cell.id, State.HELD)


def without_guards(cells: Sequence[Cell], guards: Sequence[mutants.Guard], minutes: float | None) -> list[Result]:
    """Take away each guard of each cell, one at a time: the cell's own tests must fail."""
    by_name = {guard.name: guard for guard in guards}
    tried = [
        replace(by_name[name], name=f"{cell.id}/{name}", tests=cell.tests) for cell in cells for name in cell.guards
    ]
    report = mutants.run(tried, ROOT, minutes=minutes)
    found: list[Result] = []
    for cell in cells:
        mine = [each for each in report.results if each.name.partition("/")[0] == cell.id]
        bad = [each for each in mine if each.state != mutants.State.KILLED]
        left = any(each.state == mutants.State.LEFT for each in bad)
        if mine:
            state = State.LEFT if left else State.FAILED if bad else State.HELD
            found.append(Result(cell.id, state, ", ".join(f"{each.name}: {each.state}" for each in bad)))
    return found


def write_report(results: Sequence[Result], file: Path = REPORT) -> None:
    """Keep it for machines, with the commit that was tried."""
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    figures = Counter(each.state.name.lower() for each in results)
    rows = [asdict(each) | {"state": each.state.name.lower()} for each in results]
    file.parent.mkdir(exist_ok=True)
    found = {"commit": said.stdout.strip(), "at": datetime.now(UTC).isoformat(), "figures": figures, "cells": rows}
    file.write_text(json.dumps(found, indent=1) + "\n")


def _chosen(cells: Sequence[Cell], wanted: Sequence[str]) -> list[Cell]:
    unknown = set(wanted) - {cell.id for cell in cells} - {cell.group for cell in cells}
    if unknown:
        raise SystemExit(f"There is no cell or group named {', '.join(sorted(unknown))}.")
    return [cell for cell in cells if not wanted or {cell.id, cell.group} & set(wanted)]


def main() -> int:
    """Exit 1 unless each cell that was tried is held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these cells, or groups of cells")
    parser.add_argument("--guards", action="store_true", help="take away the cells' guards: their tests must fail")
    parser.add_argument("--minutes", type=float, help="begin with no group, or no guard, after so long")
    parser.add_argument("--table", action="store_true", help="only write the table into docs/reliability.md")
    given = parser.parse_args()
    cells, guards = read_cells(), mutants.read_guards()
    stale = list(problems(cells, guards))
    if stale:
        print(*stale, sep="\n", file=sys.stderr)
        return 1
    if given.table:
        write_table(cells)
        return 0
    chosen = _chosen(cells, given.names)
    results = without_guards(chosen, guards, given.minutes) if given.guards else run(chosen, minutes=given.minutes)
    key, today = "failed_without" if given.guards else "ran", datetime.now(UTC).date()
    keep({each.cell: {key: today} for each in results if each.state == State.HELD})
    write_table(read_cells())
    write_report(results)
    print(", ".join(f"{count} {state}" for state, count in Counter(str(each.state) for each in results).items()))
    return 1 if {State.FAILED, State.NOT_RUN} & {each.state for each in results} else 0


if __name__ == "__main__":
    sys.exit(main())
