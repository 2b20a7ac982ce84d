"""What newcomers are told holds: make help names every target, and the checks before a commit are local."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def test_make_help_tells_of_every_target() -> None:
    targets = set(re.findall(r"^([a-z]\S*):", MAKEFILE, re.MULTILINE))
    told = set(re.findall(r"^([a-z]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert targets == told
    (phony,) = re.findall(r"^\.PHONY: ((?:[a-z]+ ?)+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == targets


def test_the_checks_before_a_commit_fetch_nothing_and_are_those_of_make_check() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert "make check" in [hook["entry"] for hook in hooks]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_files_and_targets_that_the_pages_name_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    paths = re.findall(r"`((?:webapp|tests|docs|tools|templates|static|bench)/[\w/.-]*)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    made = set(re.findall(r"`make ([a-z]+)", text))
    assert made <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_what_takes_long_is_left_out_of_make_test_and_run_by_every_check_of_a_clean_checkout() -> None:
    recipe = MAKEFILE.split("\ntest: check", 1)[1].split("\n\n", 1)[0]
    assert '$(if $(LONG)$(COVERAGE),,-m "not long and not faults")' in recipe
    assert "make test LONG=1 COVERAGE=1" in (ROOT / ".ci/run").read_text().splitlines()
