"""Long runs of the model say what they did, however they end."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.model.report import Ending, Enough, ModelRun, keep
from tests.support.paths import ROOT


def test_runs_add_up_in_one_file_and_a_run_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "var" / "model.json"
    first, second = ModelRun(7, "sqlite", "by services"), ModelRun(8, "sqlite", "by services", found="it is wrong")
    first.note(Counter({"create": 40}), 3.0)
    keep(file, first)
    first.note(Counter({"create": 40, "create refused": 10}), 4.0)
    second.note(Counter({"create": 5}), 1.0)

    keep(file, first)
    keep(file, second)

    kept = json.loads(file.read_text())
    assert (kept["steps"], kept["seeds"], kept["failures"]) == (55, [7, 8], ["it is wrong"])
    assert kept["runs"][0]["done"] == {"create": 40, "create refused": 10}


def test_a_run_ends_when_its_minutes_are_over() -> None:
    Ending().stops_here()
    with pytest.raises(Enough, match="time is over"):
        Ending(1e-9).stops_here()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_run_that_is_stopped_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    command = [sys.executable, "-m", "tests.model", "--database", "sqlite", "--processes", "1", "--seed", "9"]
    with subprocess.Popen([*command, "--file", str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 200
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        printed, _ = running.communicate(timeout=60)

    kept = json.loads(file.read_text())
    [run] = kept["runs"]
    assert (running.returncode, run["ended"], run["seed"]) == (0, "stopped", 9)
    assert run["steps"] == sum(run["done"].values()) > 0
    assert f"seed 9: {run['steps']} steps in" in printed
