"""Each benchmark runs to its end, on little: what it measures is read off it by people, on a quiet machine."""

import os
import signal
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS
from tests.support.forked import Forked
from tests.support.paths import ROOT
from tests.support.postgresql import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]
LENT = dict.fromkeys(BENCHMARKS, 1) | {"import": 2, "pages": 0, "pages-worst": 0, "search": 0}
"""How many databases each uses at once; `pages` and those that keep theirs start servers, as they all do otherwise."""


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_and_finds_ratios(name: str, pg: Server, tmp_path: Path) -> None:
    said, lent = tmp_path / "said", [pg.new_database() for _ in range(LENT[name])]
    bench = Forked(["-m", "tests.support.little_bench", name, *lent], os.environ, ROOT, said)
    try:
        assert bench.wait(200) == 0, said.read_text()
    finally:
        bench.send_signal(signal.SIGTERM)  # nothing to one that has ended
    for each in lent:
        pg.drop(each)
