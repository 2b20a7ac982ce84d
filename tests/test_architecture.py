"""The house rules, held by a test: sizes, one commit, one-way imports, and nothing undocumented."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from webapp import jobs
from webapp.app import create_app
from webapp.domain.alert_definitions import FACTS
from webapp.runtime import Runtime
from webapp.security import access
from webapp.services.alerts import registry as alert_registry

CODE = sorted([*(ROOT / "webapp").rglob("*.py"), ROOT / "worker.py", ROOT / "scheduler.py"])
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def lines_of(file: Path) -> int:
    """Lines of code: blank lines, comments and docstrings are for the reader and cost nothing."""
    text = file.read_text()
    told = {number for node in ast.walk(ast.parse(text)) for number in _docstring_lines(node)}
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if line.strip() and not line.strip().startswith("#") and number not in told)


def _docstring_lines(node: ast.AST) -> range:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
        first = node.body[0]
        return range(first.lineno, (first.end_lineno or first.lineno) + 1)
    return range(0)


def functions() -> Iterator[tuple[str, int]]:
    """Every function with its number of lines, docstring apart."""
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                doc = node.body[0] if ast.get_docstring(node) else None
                length = node.end_lineno - node.body[0].lineno + 1
                if doc is not None and doc.end_lineno:
                    length = node.end_lineno - doc.end_lineno
                yield f"{file.relative_to(ROOT)}:{node.name}", length


def test_files_are_small() -> None:
    sizes = {str(file.relative_to(ROOT)): lines_of(file) for file in CODE if file.name != "__init__.py"}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_functions_are_small() -> None:
    sizes = dict(functions())
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}


def test_there_is_one_commit() -> None:
    places = [
        str(file.relative_to(ROOT)) for file in CODE for line in file.read_text().splitlines() if ".commit(" in line
    ]
    assert places == ["webapp/db.py"]


def test_digits_are_those_that_int_reads() -> None:
    """`"²".isdigit()` is true, and `int("²")` an error: a page that asks the first way breaks on the second."""
    lines = [(file.name, line) for file in CODE for line in file.read_text().splitlines() if ".isdigit()" in line]
    assert [found for found in lines if ".isascii()" not in found[1]] == []


def test_imports_run_one_way() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", sorted(jobs.registry()))
def test_every_job_is_documented_and_tested(name: str) -> None:
    documented = f"## {name}\n" in (ROOT / "docs" / "jobs.md").read_text()
    assert documented, f"docs/jobs.md needs a section `## {name}`: when, what happens to missed slots, what it does"
    tested = any(name in test.read_text() for test in (ROOT / "tests" / "jobs").rglob("test_*.py"))
    assert tested, f"no test in tests/jobs/ names {name}"
    assert jobs.registry()[name].description, f"{name} needs a docstring: its first line is what the Jobs page says"


def declared_rules() -> set[str]:
    """Every function of the code that is marked as an alert rule."""
    return {
        node.name
        for file in CODE
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).split(".")[-1] == "rule"
    }


def test_every_alert_rule_is_found() -> None:
    assert declared_rules() == set(alert_registry.rules())


def test_every_alert_of_a_fact_is_declared_with_the_others() -> None:
    made = [file.name for file in CODE if re.search(r"\bFact\(", file.read_text())]
    assert made == ["alert_definitions.py"]


@pytest.mark.parametrize("name", sorted({*alert_registry.rules(), *FACTS}))
def test_every_alert_is_documented(name: str) -> None:
    documented = f"| `{name}` |" in (ROOT / "docs" / "alerts.md").read_text()
    assert documented, f"docs/alerts.md needs a row `| `{name}` |`: severity, what is the matter, what to do"


@pytest.mark.parametrize("name", sorted(alert_registry.rules()))
def test_every_alert_rule_is_tested(name: str) -> None:
    tested = any(f'"{name}"' in test.read_text() for test in (ROOT / "tests").rglob("test_*.py"))
    assert tested, f'no test names the rule as "{name}": bring its trouble about, as in test_alert_rules.py'


def test_every_route_says_who_may_use_it(sqlite_runtime: Runtime) -> None:
    app = create_app(sqlite_runtime)
    silent = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if access.permission_of(app.view_functions[rule.endpoint]) is None
    ]
    assert silent == []


def test_a_screen_names_every_group_of_its_actions() -> None:
    """A group stands on the frame and on no other group: the screen's own line says where its actions come from."""
    classes = [
        node for file in CODE for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef)
    ]
    groups = {
        each.name: [ast.unparse(base) for base in each.bases] for each in classes if each.name.endswith("Actions")
    }
    assert "DisputeActions" in groups
    assert {name: bases for name, bases in groups.items() if bases not in (["Screen"], ["ListScreen"])} == {}


def test_types_are_checked_wherever_there_is_code() -> None:
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    there = {each.name for each in ROOT.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}
    assert there - {"setup.py"} | {"tools"} == set(checked["files"])
    assert (checked["strict"], "exclude" in checked) == (True, False)


def test_nothing_names_where_packages_come_from() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "http" not in lock
    assert "index-url" not in lock
