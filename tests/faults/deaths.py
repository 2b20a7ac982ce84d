"""A process that dies at a boundary: what it had not committed is gone, and it does nothing more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from sqlalchemy import update

from webapp import clock
from webapp.jobs.engine.queue import RunJob, queue
from webapp.jobs.engine.recovery import sweep_runs
from webapp.jobs.run_job import run_job
from webapp.models import Payout, Run
from webapp.runtime import Runtime

TIMES = 2
"""How often a process dies at a boundary, before one gets past it."""


class Killed(BaseException):
    """The process is gone. No `except Exception` of the desk sees it, and no transaction is committed after it."""


class Deaths:
    """Kills who reaches a boundary, twice; from then on it may be passed. Whoever is dead gets past nothing more."""

    def __init__(self, passes: int = 0) -> None:
        """`passes` is how often each process gets past it before it dies there."""
        self.left, self.is_dead = TIMES, False
        self._passes = self._passes_left = passes

    def strike(self) -> None:
        """Die, if it is time to."""
        if self.left and not self.is_dead:
            if self._passes_left:
                self._passes_left -= 1
                return
            self.left, self.is_dead = self.left - 1, True
        if self.is_dead:
            raise Killed

    def next_process(self) -> None:
        """Another process begins."""
        self.is_dead, self._passes_left = False, self._passes

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, at whose beginning one dies."""

        def dying(*given: Any, **named: Any) -> Any:
            self.strike()
            return function(*given, **named)

        return dying

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, at whose end one dies."""

        def dying(*given: Any, **named: Any) -> Any:
            if self.is_dead:
                raise Killed
            done = function(*given, **named)
            self.strike()
            return done

        return dying


def with_a_queue(runtime: Runtime) -> Runtime:
    """The desk, with a Redis in this process."""
    vars(runtime)["redis"] = fakeredis.FakeRedis()
    return runtime


def take_next(runtime: Runtime) -> int | None:
    """What a worker does: sweep, take the next run from the queue, and carry it out. The run, or None."""
    sweep_runs(runtime)
    waiting = queue(runtime.redis)
    found = waiting.pop_job_id() if waiting.count else None
    if found is None:
        return None
    run_id = RunJob.fetch(found, connection=runtime.redis).run_id
    run_job(runtime, run_id)
    return run_id


def let_leases_end(runtime: Runtime) -> None:
    """Let the time pass for which a dead process had taken something."""
    past = clock.now() - timedelta(minutes=1)
    with runtime.db.transaction() as session:
        for row, column in ((Run, Run.lease_until), (Run, Run.enqueued_at), (Payout, Payout.next_try_at)):
            changed = update(row).where(column.is_not(None)).values({column.key: past})
            session.execute(changed.execution_options(synchronize_session=False))


def die_twice(runtime: Runtime, deaths: Deaths, meanwhile: Callable[[], None]) -> None:
    """Two workers die at the boundary, one after the other; `meanwhile` looks at what each left."""
    while deaths.left:
        with pytest.raises(Killed):
            take_next(runtime)
        deaths.next_process()
        meanwhile()
        let_leases_end(runtime)
