"""The desk and its model agree after any steps.

    MODEL_STEPS=20000 MODEL_SEED=7 python -m pytest tests/model -k any_steps -s

takes so many steps by that seed, for at most MODEL_MINUTES, and prints what was done; with MODEL_DATABASE=postgresql on
that. MODEL_HTTP_STEPS is how many the people take by requests to the API. MODEL_FILE is where that is added to. SIGTERM
ends it after the step that it is at. `python -m tests.model` starts several side by side.
"""

import ast
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model import machine, worlds
from tests.model.compared import by_services
from tests.model.machine import DeskMachine
from tests.model.over_http import by_requests
from tests.model.replay import as_code, kind_of, shortest
from tests.model.report import Ending, Enough, ModelRun, keep
from tests.model.worlds import Worlds
from tests.support.paths import ROOT

STEPS = int(os.environ.get("MODEL_STEPS", "2000"))
SEED = int(os.environ.get("MODEL_SEED") or (SystemRandom().randrange(10**9) if "MODEL_STEPS" in os.environ else 12))
HTTP_STEPS = int(os.environ.get("MODEL_HTTP_STEPS", "108"))
DATABASE = os.environ.get("MODEL_DATABASE", "sqlite")
MINUTES = float(os.environ.get("MODEL_MINUTES", "0"))
FILE = os.environ.get("MODEL_FILE")
LONG = 50
"""So many steps are chosen on one desk."""
COMPARED = 54
"""What those come to, and is counted: a payment is begun and answered, a payout's account is set and approved."""


@contextmanager
def _worlds(request: pytest.FixtureRequest, folder: Path) -> Iterator[Worlds]:
    if DATABASE == "postgresql":
        with worlds.on_postgresql(request.getfixturevalue("pg"), folder) as made:
            yield made
    else:
        with worlds.on_sqlite(request.getfixturevalue("sqlite_template"), folder) as made:
            yield made


@pytest.fixture
def quiet() -> Iterator[None]:
    """Runs that log nothing: a case that was found is to be read, and its steps say all."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.mark.long
@pytest.mark.timeout(24 * 3600)
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("asked", "steps"), [(by_services, STEPS), (by_requests, HTTP_STEPS)], ids=["services", "http"]
)
def test_the_desk_agrees_with_its_model_after_any_steps(
    request: pytest.FixtureRequest, tmp_path: Path, asked: Any, steps: int
) -> None:
    began, tally, ending = time.monotonic(), Counter[str](), Ending(MINUTES)
    run = ModelRun(SEED, DATABASE, asked.__name__.replace("_", " "))

    def note(ended: str = run.ended) -> None:
        run.ended = ended
        run.note(tally, time.monotonic() - began)
        if FILE:
            keep(Path(FILE), run)

    with ending.by_signals(), _worlds(request, tmp_path / "worlds") as made:

        class Machine(DeskMachine):
            worlds = staticmethod(made)
            is_to_stop = staticmethod(ending.stops_here)

            def teardown(self) -> None:
                super().teardown()
                note()

        Machine.tally, Machine.asked = tally, staticmethod(asked)
        try:
            run_state_machine_as_test(seed(SEED)(Machine), settings=_settings(steps))
            ended = "all steps taken"
        except Enough as why:
            ended = str(why)
        except Exception as problem:
            ended, run.found = "found", _found(Machine, problem)
        note(ended)
        print(f"\n{run}")
    if run.found:
        pytest.fail(run.found, pytrace=False)


def _settings(steps: int) -> settings:
    return settings(
        max_examples=max(1, steps // COMPARED),
        stateful_step_count=LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
        print_blob=False,
    )


def _found(kind: type[DeskMachine], problem: Exception) -> str:
    """What went wrong, and the shortest order of steps that goes wrong so."""
    taken, kind.tally = list(getattr(kind.last, "taken", [])), Counter()
    try:
        steps = shortest(kind, taken, kind_of(problem))
        how = "The shortest order of steps"
    except Enough:
        steps, how = taken, "The order of steps, before it could be made shorter"
    return f"seed {SEED}: {str(problem)[:2_000]}\n\n{how}:\n{as_code(steps)}"


def test_the_model_knows_nothing_of_the_desk() -> None:
    """What the model says is worth something only as long as it is said by other code."""
    plain = sorted((ROOT / "tests/model/plain").glob("*.py"))
    assert len(plain) > 5
    named = set[str]()
    for file in plain:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                named |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                named.add(node.module or "")
    ours = {name for name in named if name.split(".")[0] in ("tests", "webapp")}
    assert all(name.startswith("tests.model.plain") for name in ours)
    assert named - ours <= {"dataclasses", "datetime", "typing", "zoneinfo", "collections.abc"}
    assert machine.DeskMachine is DeskMachine
