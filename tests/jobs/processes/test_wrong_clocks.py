"""A machine with a wrong clock: it works on nothing, it is told, and what one has left behind is put right."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import fakeredis
import pytest
from click.testing import CliRunner
from redis import Redis
from sqlalchemy import select, update

from tests.services.alerts.test_alerts import everything_is_alive, firing
from tests.support.declared_jobs import OPERATOR, Declare, planned, runs_of
from webapp import clock, health_checks
from webapp.cli import main
from webapp.db import Database
from webapp.jobs.processes import scheduler
from webapp.jobs.processes import worker as processes_worker
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.run_job import run_here, run_job
from webapp.jobs.steps.database_clock import put_plans_right
from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.models import Process, Run
from webapp.runtime import Runtime
from webapp.services.monitoring import clock_skew
from webapp.services.monitoring.clock_skew import ClockOff
from webapp.services.scheduling import next_slots, processes, runs, schedules, slots
from webapp.sql import database_now

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
Shift = Callable[[timedelta], None]


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """`off(eight_days)`: this process believes that it is so much later."""
    right = clock.local
    return lambda by: monkeypatch.setattr(clock, "local", lambda: right() + by)


@pytest.fixture
def queued(runtime: Runtime, declare: Declare) -> int:
    """A run of a job that has nothing to do."""
    planned(runtime, declare("daily", lambda work, at: None), clock.now())
    with runtime.db.transaction() as session:
        return runs.trigger(session, "daily", actor=OPERATOR).id


def status(runtime: Runtime, run_id: int) -> str:
    with runtime.db.reading() as session:
        return runs.get(session, run_id).status


@pytest.mark.parametrize("by", [timedelta(0), 28 * SECOND, -28 * SECOND])
def test_a_small_skew_is_worked_with(runtime: Runtime, queued: int, off: Shift, by: timedelta) -> None:
    off(by)

    assert run_here(runtime, queued).status == "succeeded"


@pytest.mark.parametrize("by", [32 * SECOND, -32 * SECOND, 8 * DAY, -8 * DAY])
def test_a_run_does_not_begin_with_a_wrong_clock(runtime: Runtime, queued: int, off: Shift, by: timedelta) -> None:
    off(by)
    with pytest.raises(ClockOff, match=r"This machine's clock is .* the database's; 30 s are allowed"):
        run_job(runtime, queued)

    off(timedelta(0))
    assert status(runtime, queued) == "queued"
    assert run_here(runtime, queued).status == "succeeded"


def test_the_skew_is_measured_without_the_time_that_asking_takes(runtime: Runtime, off: Shift) -> None:
    with runtime.db.reading() as session:
        assert clock_skew.measure(session) == timedelta(0)
        off(8 * DAY)
        assert abs(clock_skew.measure(session) - 8 * DAY) < timedelta(minutes=1)
        off(-8 * DAY)
        assert abs(clock_skew.measure(session) + 8 * DAY) < timedelta(minutes=1)


def test_a_worker_with_a_wrong_clock_leaves_the_run_and_takes_nothing_more(
    runtime: Runtime, queued: int, off: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: fakeredis.FakeRedis())
    worker = processes_worker.RunWorker(runtime, "test-worker")
    off(8 * DAY)
    worker.execute(queued)

    assert (vars(worker)["_stop_requested"], worker.stopping) == (True, False)
    assert status(runtime, queued) == "queued"


def test_a_worker_does_not_begin_with_a_wrong_clock(
    runtime: Runtime, off: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(processes_worker, "RunWorker", lambda *_, **__: begun.append("worker"))
    monkeypatch.setattr(processes_worker, "_CLOCK_PAUSE", 0.0)
    off(8 * DAY)
    processes_worker._work_once(runtime, ShutdownFlag(), [])

    assert begun == []


def test_a_scheduler_with_a_wrong_clock_leaves_the_plan_to_another(
    runtime: Runtime, declare: Declare, off: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = fakeredis.FakeRedis()
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: redis)
    planned(runtime, declare("daily", lambda work, at: None), clock.now() - 2 * DAY)
    wrong, right = (scheduler.DeskScheduler(runtime, ShutdownFlag()) for _ in range(2))
    off(8 * DAY)
    wrong.tick()
    assert runs_of(runtime, "daily") == []

    off(timedelta(0))
    right.tick()
    assert [run.status for run in runs_of(runtime, "daily")] == ["missed", "queued"]


def test_the_heartbeat_tells_of_a_wrong_clock_and_the_alert_ends_with_it(runtime: Runtime, off: Shift) -> None:
    everything_is_alive(runtime)
    heart = Heartbeat(runtime, "worker")
    off(8 * DAY)
    heart._beat()
    evaluate(runtime)
    assert [rule for rule, _ in firing(runtime)] == ["clock_off"]
    with runtime.db.reading() as session:
        beat = session.scalars(select(Process.heartbeat_at)).first()
        assert beat is not None
        assert beat < database_now(session)

    off(timedelta(0))
    heart._beat()
    evaluate(runtime)
    assert firing(runtime) == []


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell whose `desk` has the test's database."""
    monkeypatch.chdir(tmp_path)
    given = {"VAR_DIR": str(tmp_path), "DATABASE_URL": database_url, "DESK_ENV": "test", "REDIS_URL": ""}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return CliRunner()


def test_desk_run_refuses_with_a_wrong_clock_and_tells(runtime: Runtime, shell: CliRunner, off: Shift) -> None:
    off(8 * DAY)
    result = shell.invoke(main, ["run", "auto_release"])

    assert result.exit_code == 1
    assert "This machine's clock is 8 days, 0:00:00 ahead of the database's" in result.stderr
    assert "Traceback" not in result.output
    assert runs_of(runtime, "auto_release") == []
    assert "clock_off" in [rule for rule, _ in firing(runtime)]


def test_the_doctor_says_how_far_the_clock_is_off(runtime: Runtime, off: Shift) -> None:
    off(8 * SECOND)
    assert health_checks.clocks(runtime).verdict == "warning"
    off(8 * DAY)
    found = health_checks.clocks(runtime)

    assert (found.verdict, found.found.partition(",")[0]) == ("wrong", "This machine's clock is 8 days")


def test_the_doctor_and_the_page_name_another_machine_whose_clock_is_wrong(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "far-away")
    with sqlite_runtime.db.transaction() as session:
        processes.beat(session, processes.WORKER, database_now(session), skew=-300 * SECOND)
    words = "far-away's clock is 300.0 s behind the database's"
    found = health_checks.clocks(sqlite_runtime)
    assert (found.verdict, words in found.found) == ("wrong", True)


def test_whose_clock_is_wrong_finds_others_alive_all_the_same(runtime: Runtime, off: Shift) -> None:
    """They beat by the database's clock, and are counted by it."""
    everything_is_alive(runtime)
    off(300 * SECOND)
    assert health_checks.alive(runtime).found == "At work: 1 scheduler, 1 worker."


# What a wrong clock left


def left_behind(db: Database, job: str) -> None:
    """What the scheduler of a machine eight days ahead did: a stretch called missed, a run, and a next slot."""
    with db.transaction() as session:
        plan, now = schedules.get(session, job), database_now(session)
        plan.since = now - 3 * DAY
        plan.next_slot = now - 2 * DAY
    with db.transaction() as session:
        slots.claim(session, job, now + 8 * DAY)
        session.execute(update(Run).where(Run.job == job, Run.status == "queued").values(status="succeeded"))


def test_a_next_slot_beyond_the_plan_is_put_right_with_an_alarm(runtime: Runtime, declare: Declare) -> None:
    everything_is_alive(runtime)
    planned(runtime, declare("daily", lambda work, at: None), clock.now())
    left_behind(runtime.db, "daily")
    assert health_checks.clocks(runtime).verdict == "wrong"

    assert (put_plans_right(runtime), put_plans_right(runtime)) == (["daily"], [])

    with runtime.db.transaction() as session:
        now, plan = database_now(session), schedules.get(session, "daily")
        assert plan.next_slot is not None
        assert now < plan.next_slot <= now + DAY
        following = plan.next_slot
        assert slots.claim(session, "daily", following) != []
    runs = runs_of(runtime, "daily")
    assert {run.slot for run in runs if run.status != "missed"} == {None, following}
    assert all(run.missed_to and run.missed_to <= now for run in runs if run.status == "missed")
    evaluate(runtime)
    assert ("next_slot_off", "daily") in firing(runtime)


def test_the_alarm_of_a_next_slot_ends_after_an_hour(runtime: Runtime, declare: Declare) -> None:
    everything_is_alive(runtime)
    planned(runtime, declare("daily", lambda work, at: None), clock.now(), next_slot=clock.now() + 8 * DAY)
    with runtime.db.transaction() as session:
        next_slots.put_right(session, "daily", database_now(session) - timedelta(minutes=61))
    evaluate(runtime)

    assert firing(runtime) == []


def test_a_plan_that_is_as_it_should_be_is_left_alone(runtime: Runtime, declare: Declare) -> None:
    planned(runtime, declare("daily", lambda work, at: None), clock.now())
    paused = declare("paused", lambda work, at: None)
    planned(runtime, paused, clock.now(), next_slot=clock.now() + 8 * DAY, paused_at=clock.now())

    assert put_plans_right(runtime) == []
