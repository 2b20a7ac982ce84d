"""A scheduler dies twice at each boundary of a tick: the slot has one run, which is carried out once."""

from collections import Counter
from datetime import timedelta
from types import ModuleType
from typing import Any

import fakeredis
import pytest
from redis import Redis

from tests.faults.deaths import Deaths, Killed, let_leases_end, take_next
from tests.support.declared_jobs import Declare, declare, planned, runs_of  # noqa: F401
from webapp import clock
from webapp.jobs.processes import scheduler
from webapp.jobs.processes.lease import RedisLease
from webapp.jobs.processes.scheduler import DeskScheduler
from webapp.jobs.processes.scheduler_entries import SchedulerEntries
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.runtime import Runtime
from webapp.services.scheduling import orphaned_runs, schedules, slots

LEASE, PLAN = DeskScheduler.scheduler_lock_key, DeskScheduler.scheduled_jobs_key

JOBS = ("daily-1", "daily-2", "daily-3")
"""More than one, for a boundary that each job's slot is brought over once."""

BOUNDARIES: dict[str, tuple[ModuleType | type, str, str]] = {
    "lease": (RedisLease, "take", "after"),
    "claim": (slots, "claim", "after"),
    "claimed": (scheduler, "hand_over", "before"),
    "handed-over": (scheduler, "hand_over", "after"),
    "show": (SchedulerEntries, "_save", "before"),
    "sweep": (orphaned_runs, "mark_enqueued", "before"),
}
"""Where a scheduler dies: before or after which function."""


@pytest.fixture
def redis(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """A Redis in this process, for schedulers and workers."""
    made = fakeredis.FakeRedis()
    vars(sqlite_runtime)["redis"] = made
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: made)
    return made


def next_scheduler(runtime: Runtime, redis: Any) -> DeskScheduler:
    """One that begins when the lease of the one before is over."""
    let_leases_end(runtime)
    if redis.exists(LEASE):
        waiting = DeskScheduler(runtime, ShutdownFlag())
        assert not waiting.acquire_lock(), "the lease is another's until it ends"
        assert 0 < redis.pttl(LEASE) <= 10_000, "and it ends by itself"
        redis.delete(LEASE)
    return DeskScheduler(runtime, ShutdownFlag())


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_slot_whose_scheduler_dies_twice_is_run_once(
    boundary: str,
    sqlite_runtime: Runtime,
    redis: Redis,
    declare: Declare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime, done = sqlite_runtime, Counter[str]()
    for job in JOBS:
        planned(
            runtime,
            declare(job, lambda work, at: done.update([work.recorder.run.job])),
            clock.now() - timedelta(days=1),
        )
    owner, name, how = BOUNDARIES[boundary]

    with monkeypatch.context() as changed:
        deaths = Deaths()
        changed.setattr(owner, name, getattr(deaths, how)(getattr(owner, name)))
        while deaths.left:
            with pytest.raises(Killed):
                next_scheduler(runtime, redis).tick()
            deaths.next_process()
        next_scheduler(runtime, redis).tick()
    while take_next(runtime) is not None:
        pass

    assert done == Counter(JOBS)
    for job in JOBS:
        [run] = runs_of(runtime, job)
        assert (run.status, run.attempt) == ("succeeded", 1)
        with runtime.db.reading() as session:
            following = schedules.get(session, job).next_slot
        assert run.slot is not None
        assert following == run.slot + timedelta(days=1)
        assert redis.zscore(PLAN, f"schedule-{job}") == following.timestamp()
        assert redis.exists(f"rq:job:schedule-{job}")
