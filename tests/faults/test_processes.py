"""Processes and Redis are broken for real, and nothing is paid twice or forgotten."""

import os
import signal
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.faults.desk import Desk, until
from tests.support.declared_jobs import OPERATOR
from tests.support.releasing import paid, released, seed
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Entry, Run, Schedule, Transfer
from webapp.runtime import Runtime
from webapp.services.scheduling import processes, runs

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
SECOND = timedelta(seconds=1)


def plan_in(runtime: Runtime, job: str, seconds: float) -> None:
    """Plan a job's next slot a few seconds from now."""
    with runtime.db.transaction() as session:
        slot = clock.now() + timedelta(seconds=seconds)
        session.execute(
            update(Schedule).where(Schedule.job == job).values(next_slot=slot, since=slot - timedelta(days=9))
        )


def runs_of(runtime: Runtime, job: str) -> list[Run]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Run).where(Run.job == job).order_by(Run.id)))


def statuses(runtime: Runtime, job: str) -> list[str]:
    return [run.status for run in runs_of(runtime, job)]


def alive(runtime: Runtime, kind: str) -> int:
    with runtime.db.reading() as session:
        return len(processes.alive(session, kind, clock.now(), timedelta(seconds=5)))


def start_all(desk: Desk, runtime: Runtime, workers: int = 1) -> None:
    register_jobs(runtime)
    desk.start_redis()
    desk.start("scheduler.py")
    for _ in range(workers):
        desk.start("worker.py")
    until(lambda: alive(runtime, "worker") == workers and alive(runtime, "scheduler") == 1, 30)
    until(lambda: desk.redis.zcard("rq:scheduler:scheduled_jobs"), 10)


def books_agree(runtime: Runtime) -> bool:
    with runtime.db.reading() as session:
        once = session.scalars(
            select(func.count(func.distinct(Transfer.escrow_id))).where(Transfer.is_disbursement)
        ).one()
        return session.scalars(select(func.sum(Entry.amount))).one() == 0 and once == paid(runtime) == released(runtime)


def test_a_due_slot_starts_within_two_seconds_and_outlives_a_flushed_redis(desk: Desk, runtime: Runtime) -> None:
    seed(runtime, 40)
    start_all(desk, runtime, workers=2)
    plan_in(runtime, "auto_release", 1.5)
    desk.redis.flushall()
    run = until(lambda: [run for run in runs_of(runtime, "auto_release") if run.status == "succeeded"], 30)[0]

    assert run.started_at - run.slot < 2 * SECOND
    until(lambda: desk.redis.zscore("rq:scheduler:scheduled_jobs", "schedule-auto_release"), 5)
    assert (paid(runtime), len(runs_of(runtime, "auto_release"))) == (36, 1)


def test_a_queued_run_that_redis_forgot_is_handed_over_again(desk: Desk, runtime: Runtime) -> None:
    seed(runtime, 40)
    register_jobs(runtime)
    desk.start_redis()
    desk.start("scheduler.py")
    until(lambda: alive(runtime, "scheduler"), 30)
    plan_in(runtime, "auto_release", 0)
    until(lambda: desk.redis.llen("rq:queue:desk"), 10)

    desk.redis.flushall()
    desk.start("worker.py")

    until(lambda: statuses(runtime, "auto_release") == ["succeeded"], 30)
    assert paid(runtime) == 36


def test_a_worker_killed_in_the_middle_of_a_release_is_taken_over_and_each_escrow_is_paid_once(
    desk: Desk, runtime: Runtime
) -> None:
    seed(runtime, 3_000)
    os.kill(holder_of_a_release(desk, runtime), signal.SIGKILL)
    hurry(desk)

    until(lambda: statuses(runtime, "auto_release") == ["succeeded"], 120)

    (whole,) = runs_of(runtime, "auto_release")
    assert whole.attempt == 2
    assert (whole.succeeded, whole.skipped, whole.failed) == (2_700, 300, 0)
    assert paid(runtime) == 2_700
    assert books_agree(runtime)


def slowly(desk: Desk) -> None:
    """Chunks of its slow workers are small, and each rests after one, so that a fault falls into the middle."""
    desk.environment |= {"DESK_TEST_CHUNK": "30", "DESK_TEST_HURRY": str(desk.folder / "hurry")}


def hurry(desk: Desk) -> None:
    """The rest is done as quickly as can be."""
    (desk.folder / "hurry").touch()


def holder_of_a_release(desk: Desk, runtime: Runtime) -> int:
    """A release is in the middle in this slow worker, and another waits: the second starts when the first is at it.

    What both say of themselves would not do: a run that is given out twice is of two workers for a moment.
    """
    slowly(desk)
    register_jobs(runtime)
    desk.start_redis()
    desk.start("scheduler.py")
    first = desk.start("tests/faults/slow_worker.py")
    with runtime.db.transaction() as session:
        runs.trigger(session, "auto_release", actor=OPERATOR)
    until(lambda: runs_of(runtime, "auto_release")[0].processed > 0, 30)
    desk.start("tests/faults/slow_worker.py")
    until(lambda: alive(runtime, "worker") == 2, 30)
    return first.pid


def test_a_worker_asked_to_stop_hands_its_run_to_another(desk: Desk, runtime: Runtime) -> None:
    seed(runtime, 2_000)
    os.kill(holder_of_a_release(desk, runtime), signal.SIGTERM)
    hurry(desk)

    until(lambda: statuses(runtime, "auto_release") == ["succeeded"], 60)
    assert runs_of(runtime, "auto_release")[0].succeeded == paid(runtime) == 1_800


def test_a_redis_that_restarts_empty_is_used_again(desk: Desk, runtime: Runtime) -> None:
    seed(runtime, 40)
    register_jobs(runtime)
    redis = desk.start_redis()
    desk.start("scheduler.py")
    desk.start("worker.py")
    until(lambda: alive(runtime, "worker") and alive(runtime, "scheduler"), 30)
    redis.terminate()
    redis.wait()
    plan_in(runtime, "auto_release", 0)
    until(lambda: statuses(runtime, "auto_release") == ["queued"], 30)

    desk.start_redis()

    until(lambda: statuses(runtime, "auto_release") == ["succeeded"], 60)
    assert paid(runtime) == 36


def test_an_idle_worker_asked_to_stop_while_redis_is_away_ends(desk: Desk, runtime: Runtime) -> None:
    register_jobs(runtime)
    redis = desk.start_redis()
    worker = desk.start("worker.py")
    until(lambda: desk.redis.scard("rq:workers") == 1, 30)
    redis.kill()
    redis.wait()
    time.sleep(2)  # RQ is in the middle of its own attempts by now
    worker.terminate()
    assert worker.wait(15) == 0


def test_a_busy_worker_asked_to_stop_while_redis_is_away_hands_its_run_back_and_ends(
    desk: Desk, runtime: Runtime
) -> None:
    seed(runtime, 2_000)
    slowly(desk)
    register_jobs(runtime)
    redis = desk.start_redis()
    desk.start("scheduler.py")
    worker = desk.start("tests/faults/slow_worker.py")
    with runtime.db.transaction() as session:
        runs.trigger(session, "auto_release", actor=OPERATOR)
    until(lambda: paid(runtime), 30)
    redis.kill()
    redis.wait()
    worker.terminate()
    assert worker.wait(15) == 0
    assert statuses(runtime, "auto_release") == ["queued"]
    assert 0 < paid(runtime) < 1_800
    assert books_agree(runtime)


def test_payloads_that_are_no_runs_are_left_alone_and_stop_nobody(desk: Desk, runtime: Runtime) -> None:
    seed(runtime, 40)
    start_all(desk, runtime)
    hostile = desk.folder / "ran"
    payload = f'["os.system", null, ["touch {hostile}"], {{}}]'.encode()
    desk.redis.hset("rq:job:other", mapping={"data": payload, "status": "queued", "origin": "desk"})
    desk.redis.hset(
        "rq:job:pickle",
        mapping={"data": b"cos\nsystem\n(S'touch %b'\ntR." % str(hostile).encode(), "created_at": "never"},
    )
    desk.redis.set("rq:job:string", "x")
    desk.redis.rpush("rq:queue:desk", "other", "pickle", "string", "no such id!", b"\xff\xfe")
    desk.redis.zadd("rq:scheduler:scheduled_jobs", {b"\xff": 1, b"other": 2})
    with runtime.db.transaction() as session:
        runs.trigger(session, "auto_release", actor=OPERATOR)

    until(lambda: statuses(runtime, "auto_release") == ["succeeded"], 30)
    until(lambda: desk.redis.zscore("rq:scheduler:scheduled_jobs", "other") is None, 5)
    assert not hostile.exists()
