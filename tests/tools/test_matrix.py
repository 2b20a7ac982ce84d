"""The reliability matrix claims what tests hold, and its table says what its source says."""

from datetime import date
from pathlib import Path

import matrix
import mutants
import pytest
from matrix import Cell, Result, State

CELLS = matrix.read_cells()
GUARDS = mutants.read_guards()
DAY = date(2026, 11, 27)


def test_every_cell_names_tests_that_are_there_or_says_that_it_is_not_held() -> None:
    assert list(matrix.problems(CELLS, GUARDS)) == []


def test_every_cell_that_is_held_says_by_what() -> None:
    assert [each.id for each in CELLS if each.tests and not (each.guards or each.held_by)] == []


def test_pytest_finds_the_tests_of_every_cell(request: pytest.FixtureRequest) -> None:
    """As far as this run looked: the whole suite, or the files that it was given."""
    config = request.config
    chosen = config.option.keyword or config.option.markexpr or any("::" in each for each in config.args)
    collected = [] if chosen else [item.nodeid for item in request.session.items]
    assert list(matrix.not_collected(CELLS, collected)) == []


def test_the_page_says_what_its_source_says() -> None:
    assert matrix.written_table() == matrix.table(CELLS), "run .venv/bin/python tools/matrix.py --table"


def cell(**more: object) -> Cell:
    given = {"id": "one", "group": "Redis", "what": "flushed", "must": "It goes on.", "tests": ("tests/test_a.py",)}
    return Cell(**given | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (cell(tests=()), "one: it names tests, or says why it is not held; one of them."),
        (cell(not_held="no time"), "one: it names tests, or says why it is not held; one of them."),
        (cell(tests=(), not_held="no time", ran=DAY), "one: without a test nothing else is claimed."),
        (cell(tests=("tests/test_a.py::test_b",)), "one: there is no test tests/test_a.py::test_b."),
        (cell(guards=("nobody",)), "one: there is no guard nobody."),
    ],
)
def test_a_cell_that_claims_too_much_is_named(tmp_path: Path, wrong: Cell, sentence: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_a() -> None: ...\n")
    assert list(matrix.problems([wrong], [], tmp_path)) == [sentence]
    both = cell(guards=("nobody",), held_by="the database")
    assert "one: a guard holds it, or several things together; one of them." in matrix.problems([both], [], tmp_path)
    assert list(matrix.problems([cell(), cell()], [], tmp_path)) == ["one: 2 cells have this name."]


def test_a_case_that_pytest_does_not_make_is_named() -> None:
    collected = ["tests/test_a.py::test_a[x]", "tests/test_a.py::test_b"]
    for held in ("tests/test_a.py", "tests/test_a.py::test_a", "tests/test_a.py::test_a[x]", "tests/test_c.py::test_c"):
        assert list(matrix.not_collected([cell(tests=(held,))], collected)) == []
    for gone in ("tests/test_a.py::test_a[y]", "tests/test_a.py::test"):
        assert list(matrix.not_collected([cell(tests=(gone,))], collected)) == [f"one: pytest finds no test {gone}."]


JUNIT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_a[x]"/>
<testcase classname="tests.test_a" name="test_a[y]"><failure/></testcase>
<testcase classname="tests.test_b" name="test_b"><skipped/></testcase>
<testcase classname="tests.test_c" name="test_c"/>
<testcase classname="tests.test_c" name="test_c"><error/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("tests", "state"),
    [
        ("tests/test_a.py::test_a[x]", State.HELD),
        ("tests/test_a.py::test_a", State.FAILED),
        ("tests/test_b.py", State.NOT_RUN),
        ("tests/test_c.py", State.FAILED),
        ("tests/test_d.py::test_d", State.NOT_RUN),
    ],
)
def test_a_cell_is_held_when_all_its_tests_ran_and_passed(tmp_path: Path, tests: str, state: State) -> None:
    file = tmp_path / "tests.xml"
    file.write_text(JUNIT)
    assert matrix.result(cell(tests=(tests,)), matrix.verdicts(file)).state == state


def test_a_cell_without_a_test_says_why() -> None:
    found = matrix.result(cell(tests=(), not_held="no time"), {})
    assert found == Result("one", State.NOT_HELD, "no time")
    assert "| flushed | It goes on. | **not held yet**: no time | | |" in matrix.table(
        [cell(tests=(), not_held="no time")]
    )


def test_dates_are_kept_in_the_source_and_nothing_else_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "matrix.toml"
    one, two = (f'[[cell]]\nid = "{name}"\ngroup = "g"\nwhat = "w"\nmust = "m"\ntests = ["t"]\n' for name in "ab")
    file.write_text(f"# Why.\n\n{one}\n{two}ran = 2025-01-01\n")
    matrix.keep({"a": {"ran": DAY}, "b": {"ran": DAY, "failed_without": DAY}}, file)
    assert file.read_text() == f"# Why.\n\n{one}ran = {DAY}\n\n{two}ran = {DAY}\nfailed_without = {DAY}\n"
    assert [(each.ran, each.failed_without) for each in matrix.read_cells(file)] == [(DAY, None), (DAY, DAY)]


def test_the_table_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{matrix.BEGIN}\nold\n{matrix.END}\n\nafter\n")
    matrix.write_table([cell(ran=DAY, guards=("lock",))], page)
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("\n\nafter\n")
    assert matrix.written_table(page) == matrix.table([cell(ran=DAY, guards=("lock",))])
    assert f"[`test_a.py`](../tests/test_a.py) | `lock` | {DAY} |" in page.read_text()
