"""What is read out of mutmut's own words."""

import tomllib

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


def test_what_mutmut_leaves_out_is_there() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    assert [name for name in (*told["do_not_mutate"], *told["also_copy"]) if not (ROOT / name).exists()] == []
