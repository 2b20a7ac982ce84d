"""The scheduler process: rq-scheduler's loop, keys and tools, driven by the schedules in the database."""

import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError
from rq_scheduler import Scheduler
from sqlalchemy.exc import DBAPIError

from webapp import clock
from webapp.jobs import registry
from webapp.jobs.engine.queue import QUEUE, RunJob, queue
from webapp.jobs.engine.recovery import hand_over, sweep_runs
from webapp.jobs.processes.alert_dispatch import AlertDispatcher
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.jobs.processes.lease import RedisLease
from webapp.jobs.processes.scheduler_entries import SchedulerEntries
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.steps.database_clock import clock_is_right, put_plans_right
from webapp.jobs.steps.evaluate_alerts import evaluate_all
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services.scheduling import processes, schedules, slots
from webapp.settings_parts import redis_address
from webapp.sql import database_now

TICK = 0.5
"""Seconds between two looks at the schedules."""
_LEASE_SECONDS = 10
_SWEEP_EVERY, _EVALUATE_EVERY = 2.0, 15.0
_LONGEST_PAUSE = 15.0


class DeskScheduler(Scheduler):  # type: ignore[misc]
    """rq-scheduler whose plan is the database's. Redis shows the plan and is mended on every tick.

    Its lease spares work and is not what makes a slot run once: that is the unique (job, slot).
    """

    def __init__(self, runtime: Runtime, shutdown: ShutdownFlag) -> None:
        connection = redis_address.connect(runtime.settings.redis_address, socket_connect_timeout=3, socket_timeout=5)
        super().__init__(
            QUEUE, queue(connection), TICK, connection, RunJob, name=processes.name_of(processes.SCHEDULER)
        )
        self.runtime, self.shutdown = runtime, shutdown
        self.entries = SchedulerEntries(connection, self.scheduled_jobs_key)
        self.lease = RedisLease(connection, self.scheduler_lock_key, _LEASE_SECONDS)
        self._due_at = {"evaluate": time.monotonic() + _EVALUATE_EVERY}
        self._pause = TICK

    def run(self, burst: bool = False) -> None:
        """Tick until asked to stop. An outage of Redis or the database is waited for, with growing pauses."""
        while not self.shutdown.stop:
            started = time.monotonic()
            self.tick()
            if burst:
                break
            self.shutdown.wait(max(0.0, self._pause - (time.monotonic() - started)))
        self._try(self.remove_lock)
        self._try(self.register_death)

    def tick(self) -> None:
        """One look: claim what is due, hand it over, mend Redis.

        Now and then it puts plans right, sweeps, and evaluates the alert rules.

        With a wrong clock it leaves the plan to another scheduler, and only evaluates alert rules.
        """
        if not self.acquire_lock():
            return
        if not clock_is_right(self.runtime):
            self._try(self.remove_lock)
            self._now_and_then("evaluate", _EVALUATE_EVERY, lambda: evaluate_all(self.runtime))
            self._pause = _LONGEST_PAUSE
            return
        self._now_and_then("plan", _EVALUATE_EVERY, lambda: put_plans_right(self.runtime))
        well = self._try(self.enqueue_jobs)
        well &= self._now_and_then("sweep", _SWEEP_EVERY, lambda: sweep_runs(self.runtime))
        well &= self._now_and_then("evaluate", _EVALUATE_EVERY, lambda: evaluate_all(self.runtime))
        self._try(self.heartbeat)
        self._pause = TICK if well else min(max(1.0, self._pause * 2), _LONGEST_PAUSE)

    def acquire_lock(self) -> bool:
        """The lease, renewed by its owner. With Redis away every scheduler works: the database keeps them apart."""
        try:
            return self.lease.take()
        except RedisError as problem:
            get_logger().warning("scheduler.no_lease", problem=str(problem).partition("\n")[0])
            return True

    def remove_lock(self) -> None:
        """Give the lease up, if it is ours."""
        self.lease.give_up()

    def enqueue_jobs(self) -> list[str]:
        """Claim the due slots, each on its own, and show the plan in Redis."""
        with self.runtime.db.reading() as session:
            due = slots.due(session, database_now(session))
            seen = [(schedule.job, schedule.next_slot, schedule.paused_at) for schedule in due]
        known = registry()
        claimed = [job for job, slot, paused in seen if job in known and self._claimed(job, slot, paused is not None)]
        self._reconcile()
        return claimed

    def heartbeat(self) -> None:
        """rq-scheduler's own sign of life, written again when Redis was emptied."""
        self.connection.hsetnx(self.key, "birth", time.time())
        self.connection.expire(self.key, 60)

    def _claimed(self, job: str, seen: Any, paused: bool) -> bool:
        try:
            with self.runtime.db.transaction() as session:
                now = database_now(session)
                if paused:
                    return schedules.resume_elapsed(session, job, actor=slots.SCHEDULER, at=now)
                made = slots.claim(session, job, now, seen)
            hand_over(self.runtime, made)
            return bool(made)
        except Exception:
            get_logger().exception("scheduler.slot_not_claimed", job=job)
            return False

    def _reconcile(self) -> None:
        with self.runtime.db.reading() as session:
            plan = {each.job: each.next_slot for each in schedules.all_schedules(session) if each.paused_at is None}
        try:
            self.entries.show({job: slot for job, slot in plan.items() if slot is not None})
        except RedisError as problem:
            get_logger().warning("scheduler.redis_away", problem=str(problem).partition("\n")[0])

    def _now_and_then(self, what: str, every: float, act: Callable[[], object]) -> bool:
        if time.monotonic() < self._due_at.get(what, 0):
            return True
        self._due_at[what] = time.monotonic() + every
        return self._try(act)

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except (DBAPIError, RedisError, OSError) as problem:
            get_logger().warning("scheduler.outage", problem=str(problem).partition("\n")[0], again_in=self._pause)
            return False
        except Exception:
            get_logger().exception("scheduler.tick_failed")
            return False
        return True


def schedule(runtime: Runtime) -> None:
    """Be a scheduler until told to stop."""
    shutdown = ShutdownFlag()
    shutdown.until(lambda: register_jobs(runtime))
    shutdown.until(lambda: _announce(runtime))
    runtime.count_figures(processes.SCHEDULER)
    heartbeat = Heartbeat(runtime, processes.SCHEDULER)
    heartbeat.start()
    post = AlertDispatcher(runtime, processes.SCHEDULER)
    post.start()
    try:
        DeskScheduler(runtime, shutdown).run()
    finally:
        post.stop()
        heartbeat.stop()
        get_logger().info("scheduler.ended")


def _announce(runtime: Runtime) -> None:
    with runtime.db.reading() as session:
        for each in schedules.all_schedules(session):
            planned = clock.iso(each.next_slot) if each.next_slot else None
            get_logger().info(
                "schedule.planned",
                job=each.job,
                cron=each.cron,
                zone=each.zone,
                next=planned,
                paused=each.paused_at is not None,
            )
