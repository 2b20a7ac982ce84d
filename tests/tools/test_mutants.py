"""The list of guards holds, and the runner knows a mutant that dies from one that lives."""

import json
import subprocess
from pathlib import Path

import mutants
import pytest
from mutants import Change, Guard, State

GUARDS = mutants.read_guards()
CODE = """def may(age: int) -> bool:
    if age < 18:
        return False
    return age < 200
"""
TEST = """from shop import may


def test_who_may() -> None:
    assert may(18)
    assert not may(17)
"""


def test_every_guard_stands_once_where_it_is_said_and_its_tests_are_there() -> None:
    assert list(mutants.problems(GUARDS)) == []


def test_guards_of_each_kind_are_kept() -> None:
    kinds = {guard.kind for guard in GUARDS}
    assert len(GUARDS) >= 300
    assert {"lock", "lock order", "constraint", "trigger", "fence", "lease", "permission", "four eyes"} <= kinds
    assert {"limit", "look first", "known answer", "signature", "password", "expiry", "switch", "freeze"} <= kinds
    assert {"version", "idempotency", "ssrf", "books", "audit", "clock", "secret"} <= kinds


def guard(name: str, text: str, instead: str, test: str = "tests/test_shop.py", file: str = "shop.py") -> Guard:
    return Guard(name, "limit", "Only who may buys.", (Change(file, text, instead),), (test,))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of its own, under git as the desk is."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "shop.py").write_text(CODE)
    (tmp_path / "tests" / "test_shop.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (tmp_path / ".gitignore").write_text("left_out\n")
    (tmp_path / "left_out").write_text("")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_what_is_guarded_dies_what_is_not_survives_and_what_breaks_is_said(
    shop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tried = [
        guard("too-young", "if age < 18:", "if False:"),
        guard("too-old", "return age < 200", "return True"),
        guard("no-code", "return False", "return ("),
    ]
    report = mutants.run(tried, shop, package="shop")
    assert [each.state for each in report.results] == [State.KILLED, State.SURVIVED, State.BROKEN]
    assert "test_who_may" in report.results[0].detail
    assert not report.is_good
    assert (shop / "shop.py").read_text() == CODE, "the checkout itself is never changed"
    said = capfd.readouterr().out
    assert "SURVIVED  limit       too-old" in said
    report.write(shop / "var" / "mutants.json")
    kept = json.loads((shop / "var" / "mutants.json").read_text())
    assert (kept["guards"], kept["killed"], kept["survived"], kept["broken"]) == (3, 1, 1, 1)


def test_tests_that_fail_by_themselves_tell_nothing(shop: Path) -> None:
    (shop / "tests" / "test_shop.py").write_text(TEST.replace("may(18)", "may(1)"))
    with pytest.raises(SystemExit, match="with every guard in its place"):
        mutants.run([guard("too-young", "if age < 18:", "if False:")], shop, package="shop")


def test_what_is_not_the_copys_own_code_is_not_tried(shop: Path) -> None:
    with pytest.raises(SystemExit, match="would be tested with json of"):
        mutants.run([guard("too-young", "if age < 18:", "if False:")], shop, package="json")


def test_when_the_time_is_over_the_rest_is_left_out(shop: Path) -> None:
    tried = [guard(name, "if age < 18:", "if False:") for name in ("first", "second")]
    report = mutants.run(tried, shop, package="shop", minutes=1e-9)
    assert {each.state for each in report.results} == {State.LEFT}


def test_a_copy_has_what_could_be_committed(shop: Path) -> None:
    with mutants.copied(shop) as place:
        assert (place / "shop.py").read_text() == CODE
        assert not (place / "left_out").exists()
    assert not place.exists()


def test_what_can_not_be_tried_is_named(shop: Path) -> None:
    wrong = [
        guard("gone", "if age < 21:", "if False:"),
        guard("often", "age", "1"),
        guard("same", "return False", "return False"),
        guard("no-file", "x", "y", file="other.py"),
        guard("no-test", "return False", "return True", test="tests/test_shop.py::test_nobody[sqlite]"),
        guard("is-there", "return False", "return True", test="tests/test_shop.py::test_who_may[sqlite]"),
        guard("is-there", "if age < 18:", "if False:"),
        Guard("untested", "limit", "-", (Change("shop.py", "return False", "return True"),), ()),
    ]
    assert sorted(mutants.problems(wrong, shop)) == [
        "gone: its text is 0 times in shop.py, not once.",
        "is-there: 2 guards have this name.",
        "no-file: its text is 0 times in other.py, not once.",
        "no-test: there is no test tests/test_shop.py::test_nobody[sqlite].",
        "often: its text is 3 times in shop.py, not once.",
        "same: what stands instead is the same.",
        "untested: no test is named that would notice.",
    ]
