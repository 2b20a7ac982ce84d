"""Each benchmark runs to its end, on little: what it measures is read off it by people, on a quiet machine."""

import subprocess
import sys

import pytest

from bench.__main__ import BENCHMARKS
from tests.support.paths import ROOT

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_and_finds_ratios(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.little_bench", name], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
