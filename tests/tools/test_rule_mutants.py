"""What is read out of mutmut's own words."""

import shutil
import tomllib
from pathlib import Path

import pytest
import rule_mutants

from tests.support.paths import ROOT

SAID = """
    webapp.domain.numbers.x_counted__mutmut_1: killed
    webapp.domain.numbers.x_counted__mutmut_2: survived
    webapp.domain.numbers.x_counted__mutmut_3: timeout
    webapp.domain.numbers.x_counted__mutmut_4: no tests
    webapp.domain.numbers.x_counted__mutmut_5: not checked
Nothing: else
"""


def test_what_was_noticed_counts_of_what_was_tried() -> None:
    states = rule_mutants.found(SAID)
    assert len(states) == 5
    assert states["webapp.domain.numbers.x_counted__mutmut_4"] == "no tests"
    assert rule_mutants.share(states) == 0.5
    assert rule_mutants.share({}) == 0


def test_each_area_changes_its_own_code_by_its_own_tests(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["mutmut"]
    rule_mutants.prepare(tmp_path, rule_mutants.AREAS["domain"])
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["mutmut"] == before
    rule_mutants.prepare(tmp_path, rule_mutants.AREAS["ledger"])
    told = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["mutmut"]
    assert told["only_mutate"] == ["webapp/services/ledger/*"]
    assert told["pytest_add_cli_args_test_selection"][0] == "tests/services/ledger"
    assert told["process_isolation"] == "forkserver"
    assert [name for name in told["do_not_mutate"] if not (ROOT / name).exists()] == []
    with pytest.raises(SystemExit, match="does not say once"):
        rule_mutants.prepare(tmp_path, rule_mutants.AREAS["ledger"])


def test_what_mutmut_leaves_out_is_there() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    assert [name for name in (*told["do_not_mutate"], *told["also_copy"]) if not (ROOT / name).exists()] == []
