"""The pages on security name every requirement, and only files and tests that are there."""

import re
from collections import Counter

import pytest

from tests.support.paths import ROOT

PAGES = ROOT / "docs" / "security"
REQUIREMENTS: dict[str, tuple[list[int], list[int]]] = {
    "1.1": ([], [1, 2]),
    "1.2": ([1, 2, 3, 4, 5], [6, 7, 8, 9]),
    "1.3": ([1, 2], [3, 4, 5, 6, 7, 8, 9, 10, 11]),
    "1.4": ([], [1, 2, 3]),
    "1.5": ([1], [2]),
    "2.1": ([1], [2, 3]),
    "2.2": ([1, 2], [3]),
    "2.3": ([1], [2, 3, 4]),
    "2.4": ([], [1]),
    "3.2": ([1, 2], []),
    "3.3": ([1], [2, 3, 4]),
    "3.4": ([1, 2], [3, 4, 5, 6]),
    "3.5": ([1, 2, 3], [4, 5]),
    "3.7": ([], [1, 2]),
    "4.1": ([1], [2, 3]),
    "4.2": ([], [1]),
    "4.3": ([], [1, 2]),
    "4.4": ([1], [2, 3, 4]),
    "5.1": ([], [1]),
    "5.2": ([1, 2], [3]),
    "5.3": ([1, 2], []),
    "5.4": ([], [1, 2, 3]),
    "6.1": ([1], [2, 3]),
    "6.2": ([1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12]),
    "6.3": ([1, 2], [3, 4]),
    "6.4": ([1, 2], [3, 4]),
    "6.5": ([], [1, 2, 3, 4, 5]),
    "6.6": ([], [1, 2, 3]),
    "6.8": ([], [1, 2, 3, 4]),
    "7.1": ([], [1, 2, 3]),
    "7.2": ([1, 2, 3, 4], []),
    "7.3": ([], [1, 2]),
    "7.4": ([1, 2], [3, 4, 5]),
    "7.5": ([], [1, 2]),
    "7.6": ([], [1, 2]),
    "8.1": ([1], [2]),
    "8.2": ([1, 2], [3]),
    "8.3": ([1], []),
    "8.4": ([], [1]),
    "9.1": ([1, 2, 3], []),
    "9.2": ([1], [2, 3, 4]),
    "10.1": ([], [1, 2]),
    "10.2": ([], [1, 2]),
    "10.3": ([], [1, 2, 3, 4]),
    "10.4": ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]),
    "10.5": ([], [1, 2, 3, 4, 5]),
    "10.6": ([], [1, 2]),
    "10.7": ([], [1, 2, 3]),
    "11.1": ([], [1, 2]),
    "11.2": ([], [1, 2, 3]),
    "11.3": ([1, 2], [3]),
    "11.4": ([1], [2, 3, 4]),
    "11.5": ([], [1]),
    "11.6": ([], [1]),
    "12.1": ([1], [2, 3]),
    "12.2": ([1, 2], []),
    "12.3": ([], [1, 2, 3, 4]),
    "13.1": ([], [1]),
    "13.2": ([], [1, 2, 3, 4, 5]),
    "13.3": ([], [1, 2]),
    "13.4": ([1], [2, 3, 4, 5]),
    "14.1": ([], [1, 2]),
    "14.2": ([1], [2, 3, 4]),
    "14.3": ([1], [2, 3]),
    "15.1": ([1], [2, 3]),
    "15.2": ([1], [2, 3]),
    "15.3": ([1], [2, 3, 4, 5, 6, 7]),
    "16.1": ([], [1]),
    "16.2": ([], [1, 2, 3, 4, 5]),
    "16.3": ([], [1, 2, 3, 4]),
    "16.4": ([], [1, 2, 3]),
    "16.5": ([], [1, 2, 3]),
    "17.1": ([], [1]),
    "17.2": ([], [1, 2, 3, 4]),
    "17.3": ([], [1, 2]),
}
"""The numbers of OWASP ASVS 5.0.0 by section: those of level 1, and those of level 2."""
LEVELS = {
    f"{section}.{number}": str(level)
    for section, levels in REQUIREMENTS.items()
    for level, numbers in enumerate(levels, start=1)
    for number in numbers
}
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| (.+)$", re.M)
_STATES = {"met": "met", "**partly met**": "partly met", "**not met**": "not met"}


def rows() -> dict[str, list[str]]:
    """The cells of each requirement that applies, from its level on."""
    found = _ROW.findall((PAGES / "asvs.md").read_text())
    assert len(found) == len({number for number, *_ in found}), "a number stands twice"
    return {number: [level, *(cell.strip() for cell in rest.strip(" |").split(" | "))] for number, level, rest in found}


def not_applying() -> list[str]:
    """The numbers that are listed with the reason why they don't apply."""
    _, _, table = (PAGES / "asvs.md").read_text().partition("## What does not apply")
    return [number for row in re.findall(r"^\| ([\d., ]+) \|", table, re.M) for number in row.split(", ")]


def test_every_requirement_is_answered_once() -> None:
    answered = [*rows(), *not_applying()]
    assert sorted(answered) == sorted(LEVELS)
    assert {number: cells[0] for number, cells in rows().items()} == {number: LEVELS[number] for number in rows()}


def test_what_is_met_names_where() -> None:
    for number, (_level, asks, state, how, files, tests) in rows().items():
        assert state in _STATES, number
        assert asks, number
        assert how, number
        assert "`" in files, number
        assert "`" in tests or tests == "–", number


def test_the_sums_are_right() -> None:
    states = Counter(_STATES[cells[2]] for cells in rows().values())
    sums = ", ".join(f"{states[state]} {state}" for state in ("met", "partly met", "not met"))
    assert f"Of {len(LEVELS)}: {sums}, {len(not_applying())} do not apply." in (PAGES / "asvs.md").read_text()


@pytest.mark.parametrize("page", ["asvs.md", "threat-model.md"])
def test_every_file_and_test_that_is_named_is_there(page: str) -> None:
    named = set(
        re.findall(r"`((?:webapp|tests|docs|static|templates)/[\w./-]+)(?::(\w+))?`", (PAGES / page).read_text())
    )
    assert len(named) > 60
    missing = [
        f"{path}:{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert missing == []


def test_every_threat_has_a_number_of_its_flow_what_stops_it_and_what_is_left() -> None:
    flows = re.split(r"^## (F\d+): ", (PAGES / "threat-model.md").read_text(), flags=re.M)[1:]
    for flow, text in zip(flows[::2], flows[1::2], strict=True):
        threats = re.findall(
            rf"^\| ({flow}\.\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", text.partition("\n## ")[0], re.M
        )
        assert [number for number, *_ in threats] == [f"{flow}.{each}" for each in range(1, len(threats) + 1)]
        assert threats
        assert all("`webapp/" in stops and "`tests/" in test for _number, _threat, stops, test, _left in threats)
