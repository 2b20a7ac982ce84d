"""Tests that share something costly run in one test process; all others are given out one by one."""

import pytest

from tests.support.paths import ROOT
from tests.support.together import TOGETHER, Together

DEMO = "tests/demo/test_demo.py::test_clearing_removes_exactly_what_was_added"


@pytest.mark.parametrize("which", TOGETHER.values(), ids=TOGETHER)
def test_what_runs_together_is_there(which: str) -> None:
    assert (ROOT / which.partition("::")[0].replace("\\", "")).exists()


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/browser/test_menu.py::test_one[admin]", "browser"),
        ("tests/browser/test_people.py::test_another", "browser"),
        (f"{DEMO}[postgresql]", "demo on PostgreSQL"),
        (f"{DEMO}[sqlite]", f"{DEMO}[sqlite]"),
    ],
)
def test_all_others_are_given_out_one_by_one(nodeid: str, scope: str) -> None:
    scheduler = object.__new__(Together)
    assert scheduler._split_scope(nodeid) == scope
