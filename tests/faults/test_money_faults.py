"""Processes that move money are killed at the worst moments, and every effect is there once."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, until
from tests.faults.money import CASES, Case, come_due
from tests.jobs.conftest import OPERATOR, runs_of
from tests.support.sandbox import Sandbox, desk_with, sandbox
from webapp.jobs.run_job import run_here
from webapp.jobs.start import prepare
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.sandbox import moods
from webapp.services import runs

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
ROUNDS = 5


@pytest.fixture
def world() -> Iterator[Sandbox]:
    with sandbox() as made:
        yield made


@contextmanager
def house(world: Sandbox, url: str, folder: Path, more: dict[str, Any]) -> Iterator[tuple[Runtime, Desk]]:
    """A desk here, and processes with the same settings."""
    given = {"webhook_private_addresses": "127.0.0.0/8", "provider_timeout_seconds": 30} | more
    with desk_with(world, url, folder, **given) as runtime:
        desk = Desk(url, folder, world.settings() | given)
        prepare(runtime)
        try:
            yield runtime, desk
        finally:
            desk.stop()


@pytest.fixture
def place(case: Case, world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[tuple[Runtime, Desk]]:
    with house(world, database_url, tmp_path, case.more) as made:
        yield made


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def again(runtime: Runtime, job: str) -> Run:
    """What `desk run` does, in this process."""
    with runtime.db.transaction() as session:
        run = runs.claim_for_outside_cron(session, job, actor=OPERATOR)
    return run_here(runtime, run.id)


def run_until(runtime: Runtime, case: Case) -> None:
    for _ in range(ROUNDS):
        come_due(runtime)
        assert again(runtime, case.job).status == "succeeded"
        if case.is_done(runtime):
            return
    raise AssertionError(f"after {ROUNDS} runs something is left to settle")


def held_in_the_call(desk: Desk, world: Sandbox, case: Case, mood: str) -> subprocess.Popen[bytes]:
    """A process of the job, once all its calls have reached the provider, which keeps them waiting."""
    world.mood(case.call, mood, case.provider, times=case.calls, seconds=60)
    process = desk.run(case.job)
    until(lambda: not world.control("moods", method="GET")["in_force"], 40)
    return process


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_between_its_commit_and_the_call_it_does_it_later_once(
    case: Case, place: tuple[Runtime, Desk], world: Sandbox
) -> None:
    runtime, desk = place
    case.seed(runtime, world)
    before = case.there(world)
    kill(held_in_the_call(desk, world, case, moods.TIMEOUT_BEFORE))
    assert (case.there(world), case.is_done(runtime)) == (before, False)

    run_until(runtime, case)

    case.agree(runtime, world)
    assert next((run.status, run.attempt) for run in runs_of(runtime, case.job)) == ("succeeded", 2)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_after_the_providers_success_it_does_not_do_it_again(
    case: Case, place: tuple[Runtime, Desk], world: Sandbox
) -> None:
    runtime, desk = place
    case.seed(runtime, world)
    process = held_in_the_call(desk, world, case, moods.TIMEOUT_AFTER)
    until(lambda: case.there(world) == case.effects, 10)
    kill(process)
    assert not case.is_done(runtime)

    run_until(runtime, case)

    case.agree(runtime, world)
    assert case.there(world) == case.effects * (2 if case.twice else 1)
