"""Processes that move money are killed at the worst moments, and every effect is there once."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, until
from tests.faults.money import CASES, Case, come_due, named
from tests.faults.releases import MANY, RELEASES, Release, seed
from tests.support.declared_jobs import OPERATOR, runs_of
from tests.support.forked import Forked
from tests.support.sandbox import Sandbox, desk_with, sandbox
from webapp import clock
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.scheduling import runs, schedules

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
        register_jobs(runtime)
        try:
            yield runtime, desk
        finally:
            desk.stop()


@pytest.fixture
def place(case: Case, world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[tuple[Runtime, Desk]]:
    with house(world, database_url, tmp_path, case.more) as made:
        yield made


def kill(process: Forked) -> None:
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


def held_in_the_call(desk: Desk, world: Sandbox, case: Case, fault_mode: str) -> Forked:
    """A process of the job, once all its calls have reached the provider, which keeps them waiting."""
    world.set_fault(case.call, fault_mode, case.provider, times=case.calls, seconds=60)
    process = desk.run(case.job)
    until(lambda: not world.control("faults", method="GET")["in_force"], 40)
    return process


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_between_its_commit_and_the_call_it_does_it_later_once(
    case: Case, place: tuple[Runtime, Desk], world: Sandbox
) -> None:
    runtime, desk = place
    case.seed(runtime, world)
    before = case.there(world)
    kill(held_in_the_call(desk, world, case, fault_modes.TIMEOUT_BEFORE))
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
    process = held_in_the_call(desk, world, case, fault_modes.TIMEOUT_AFTER)
    until(lambda: case.there(world) == case.effects, 10)
    kill(process)
    assert not case.is_done(runtime)

    run_until(runtime, case)

    case.agree(runtime, world)
    assert case.there(world) == case.effects * (2 if case.twice else 1)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.job)
def test_killed_in_the_middle_of_a_long_run_it_goes_on_from_there(
    release: Release, world: Sandbox, database_url: str, tmp_path: Path
) -> None:
    with house(world, database_url, tmp_path, {"desk_test_chunk": 2}) as (runtime, desk):
        seed(runtime, release)
        process = desk.run(release.job, "tests.faults.slow_desk")
        until(lambda: 0 < release.done(runtime) < MANY, 40)
        kill(process)
        assert 0 < release.done(runtime) < MANY
        come_due(runtime)

        last = again(runtime, release.job)

        release.agree(runtime)
        first = runs_of(runtime, release.job)[0]
        assert (first.status, first.attempt, first.succeeded, first.failed) == ("succeeded", 2, MANY, 0)
        assert (last.status, last.processed) == ("succeeded", 0)


def on_each(cases: Sequence[Any], some: set[str]) -> list[Any]:
    """All of them on PostgreSQL, and some on SQLite, where one process writes at a time anyway."""
    pairs = [("postgresql", each) for each in cases] + [("sqlite", each) for each in cases if each.job in some]
    return [pytest.param(kind, each, id=f"{kind}-{getattr(each, 'name', each.job)}") for kind, each in pairs]


def both(desk: Desk, job: str, other: str = "") -> None:
    """Two processes at the same moment, of one job or of two; both end well."""
    processes = [desk.run(each) for each in (job, other or job)]
    assert [process.wait(60) for process in processes] == [0, 0]


@pytest.mark.parametrize(
    ("database_url", "case"),
    on_each(
        [case for case in CASES if case.name != "balances"], {"process_payout_schedules", "refresh_flutterwave_token"}
    ),
    indirect=["database_url"],
)
def test_run_by_two_processes_at_once_it_is_done_once(case: Case, place: tuple[Runtime, Desk], world: Sandbox) -> None:
    runtime, desk = place
    case.seed(runtime, world)
    both(desk, case.job)
    assert case.there(world) == case.effects

    if not case.is_done(runtime):
        run_until(runtime, case)

    case.agree(runtime, world)
    assert case.there(world) == case.effects


@pytest.mark.parametrize(
    ("database_url", "release"), on_each(RELEASES, {"release_pending_earnings"}), indirect=["database_url"]
)
def test_released_by_two_processes_at_once_each_leaves_once(
    release: Release, world: Sandbox, database_url: str, tmp_path: Path
) -> None:
    with house(world, database_url, tmp_path, {}) as (runtime, desk):
        seed(runtime, release)
        both(desk, release.job)

        release.agree(runtime)
        assert sorted(run.succeeded for run in runs_of(runtime, release.job)) == [0, MANY]


@pytest.mark.parametrize(
    ("name", "other"),
    [("payouts", "deliver_outbox"), ("inbound_webhooks", "check_pending_payments")],
    ids=["payouts", "payments"],
)
def test_two_jobs_that_see_to_the_same_things_at_once_do_each_once(
    name: str, other: str, world: Sandbox, pg_url: str, tmp_path: Path
) -> None:
    case = named(name)
    with house(world, pg_url, tmp_path, {}) as (runtime, desk):
        case.seed(runtime, world)
        both(desk, case.job, other)
        run_until(runtime, case)

        case.agree(runtime, world)


def test_what_an_outside_cron_has_paid_out_the_scheduler_does_not(world: Sandbox, pg_url: str, tmp_path: Path) -> None:
    payouts = named("payouts")
    with house(world, pg_url, tmp_path, {}) as (runtime, desk):
        payouts.seed(runtime, world)
        slot = plan_last_slot(runtime, payouts.job)
        assert desk.run(payouts.job).wait(60) == 0
        desk.start_redis()
        desk.start("scheduler.py")
        desk.start("worker.py")
        until(lambda: {run.status for run in runs_of(runtime, "deliver_outbox")} & {"succeeded", "partial"}, 40)

        [run] = runs_of(runtime, payouts.job)
        assert (run.slot, run.status) == (slot, "succeeded")
        assert run.trigger in ("schedule", "catch_up")  # by how long ago the slot was
        run_until(runtime, payouts)
        payouts.agree(runtime, world)


def plan_last_slot(runtime: Runtime, job: str) -> datetime:
    """Let the last slot of a job be one that nobody has run; and let the scheduler have something else to do."""
    with runtime.db.transaction() as session:
        schedule, other = schedules.get(session, job), schedules.get(session, "deliver_outbox")
        slot = Recurrence(schedule.cron, schedule.zone).previous(clock.now())
        assert slot is not None
        schedule.next_slot, schedule.since = slot, slot - timedelta(days=1)
        other.next_slot = clock.now()
        return slot
