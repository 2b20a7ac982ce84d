"""Carrying out one run: the only thing a worker does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from webapp import clock, jobs, schema
from webapp.domain.actors import job_actor
from webapp.domain.states import UNFINISHED_RUNS, RunStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Refusal
from webapp.jobs.engine.queue import enqueue
from webapp.jobs.engine.recovery import take_over_abandoned
from webapp.jobs.engine.run_control import StopRequested, TimeLimit
from webapp.jobs.engine.run_recorder import RunRecorder
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.logs import bound, get_logger
from webapp.models import Run, Schedule
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.monitoring import clock_skew
from webapp.services.scheduling import job_metrics, orphaned_runs, run_outcome, run_progress, runs
from webapp.services.scheduling.run_progress import RunLost
from webapp.sql import database_now

DEPLOY = timedelta(hours=1)
"""How long old and new processes may be side by side."""
Ending = tuple[RunStatus, str | None]


def run_job(runtime: Runtime, run_id: int, *, stopping: Callable[[], bool] = lambda: False) -> None:
    """Carry out a queued run. Does nothing when it is not queued, another run of its job is running, or this version
    does not know its job while another may.

    Raises ClockOff, and leaves it in the queue, when this machine's clock is wrong; SchemaUnusable when the database is
    of another version; NotTheOriginal when it may be a copy.
    """
    schema.require(runtime.db)
    lease = timedelta(seconds=runtime.settings.run_lease_seconds)
    run = None
    with suppress(_ForAnotherVersion), runtime.db.transaction() as session:
        clock_skew.require(session, runtime.settings)
        instance.require(session)
        began = database_now(session)
        run = _known(run_progress.start(session, run_id, began, lease), began)
        schedule = session.get(Schedule, run.job) if run is not None else None
    if run is None:
        return
    recorder = RunRecorder(runtime, run, lease)
    with bound(run_id=run.id, job=run.job, attempt=run.attempt, actor=run.by), _lease_renewed(runtime, recorder):
        _carry_out(runtime, recorder, schedule, began, stopping)
    _nudge_next(runtime, run.job)


class _ForAnotherVersion(Exception):
    """This version does not know the run's job. What was begun of it is rolled back."""


def _known(run: Run | None, at: datetime) -> Run | None:
    """The run, unless it is left in the queue, from which the sweep hands it out again.

    While a deploy is under way, old processes take runs of jobs that only the new ones have.
    """
    if run is None or jobs.find(run.job) is not None or at > run.created_at + DEPLOY:
        return run
    get_logger().warning("run.left_to_another_version", run_id=run.id, job=run.job)
    raise _ForAnotherVersion


def run_here(runtime: Runtime, run_id: int, *, wait: timedelta = timedelta(minutes=15)) -> Run:
    """Carry out a queued run in this process, after those before it. Raises Conflict when its turn doesn't come.

    What a dead process left of its job is carried out first: where an outside cron is the clock, nobody else does it.
    """
    ends = time.monotonic() + wait.total_seconds()
    while True:
        _finish_what_is_left(runtime, run_id)
        run_job(runtime, run_id)
        with runtime.db.reading() as session:
            run = runs.get(session, run_id)
        if run.status not in UNFINISHED_RUNS:
            return run
        if time.monotonic() > ends:
            raise Conflict(
                phrase(
                    "Run %(run_id)s of %(job)s is %(status)s still. It stays in the queue.",
                    run_id=run_id,
                    job=run.job,
                    status=run.status,
                )
            )
        time.sleep(0.25)


def _finish_what_is_left(runtime: Runtime, run_id: int) -> None:
    take_over_abandoned(runtime)
    with runtime.db.reading() as session:
        left = orphaned_runs.left_before(session, run_id)
    for each in left:
        run_job(runtime, each)


def _carry_out(
    runtime: Runtime, recorder: RunRecorder, schedule: Schedule | None, began: datetime, stopping: Callable[[], bool]
) -> None:
    seconds = schedule.max_duration_seconds if schedule else 600
    actor = job_actor(recorder.run.job, recorder.run.id)
    work = Work(runtime, recorder, actor, began=began, seconds=seconds, stopping=stopping)
    recorder.log(
        "run.started", trigger=recorder.run.trigger, at=clock.iso(recorder.run.at), dry_run=recorder.run.dry_run
    )
    try:
        status, error = _outcome_of(work)
        _finish(runtime, recorder, schedule, status, error)
    except StopRequested:
        _hand_back(runtime, recorder)
    except RunLost:
        get_logger().warning("run.taken_over")


def _outcome_of(work: Work) -> Ending:
    """Run the job's function. What it raises ends the run; its items that failed do not."""
    found = jobs.find(work.recorder.run.job)
    if found is None:
        return RunStatus.FAILED, phrase("This version has no job named %(job)s.", job=work.recorder.run.job)
    try:
        found.function(work, work.at)
    except (StopRequested, RunLost):
        raise
    except TimeLimit:
        return RunStatus.PARTIAL, phrase("It reached its maximum duration. What is left stays due.")
    except NotConfigured as missing:
        return RunStatus.SKIPPED, str(missing)
    except Refusal as refusal:
        return RunStatus.FAILED, refusal.detail
    except Exception as problem:
        get_logger().exception("run.raised")
        return RunStatus.FAILED, f"{type(problem).__name__}: {str(problem).partition(chr(10))[0][:500]}"
    return RunStatus.SUCCEEDED, None


def _finish(
    runtime: Runtime, recorder: RunRecorder, schedule: Schedule | None, status: RunStatus, error: str | None
) -> None:
    """End the run, and fire or resolve its alerts, in one transaction."""
    with runtime.db.transaction() as session:
        recorder.fence(session)
        run = runs.get(session, recorder.run.id)
        now = database_now(session)
        ending = run_outcome.ending(run, status)
        recorder.log(
            "run.finished", "error" if ending == RunStatus.FAILED else "info", **_figures(run, ending, now, error)
        )
        recorder.flush(session)
        run = run_progress.finish(session, recorder.lease, ending, now, error)
        job_metrics.note(session, run)
        run_outcome.evaluate(session, run, schedule, now)


def _figures(run: Run, ending: RunStatus, now: datetime, error: str | None) -> dict[str, object]:
    counts = {name: getattr(run, name) for name in ("processed", "succeeded", "failed", "skipped", "amounts")}
    took = int((now - (run.started_at or now)).total_seconds() * 1000)
    return {"status": str(ending), "duration_ms": took, "error": error} | counts


def _hand_back(runtime: Runtime, recorder: RunRecorder) -> None:
    recorder.log("run.handed_back", "warning")
    with runtime.db.transaction() as session:
        recorder.flush(session)
        run_progress.hand_back(session, recorder.lease)


@contextmanager
def _lease_renewed(runtime: Runtime, recorder: RunRecorder) -> Iterator[None]:
    """Renew the lease from a thread of its own while a long statement runs. What fails is tried again."""
    over = threading.Event()
    thread = threading.Thread(
        target=_renew, args=(runtime, recorder, over), daemon=True, name=f"lease-{recorder.run.id}"
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=10)


def _renew(runtime: Runtime, recorder: RunRecorder, over: threading.Event) -> None:
    while not over.wait(recorder.lease.length.total_seconds() / 3):
        try:
            with runtime.db.transaction() as session:
                recorder.fence(session)
        except RunLost:
            return
        except Exception as problem:  # the database is away or busy; the next renewal may reach it
            get_logger().warning("lease.not_renewed", run_id=recorder.run.id, problem=str(problem).partition("\n")[0])


def _nudge_next(runtime: Runtime, job: str) -> None:
    """A run that waited for this one can start at once."""
    with runtime.db.reading() as session:
        following = orphaned_runs.next_of(session, job)
    if following is not None:
        try:
            enqueue(runtime.redis, following.id, following.attempt, job)
        except RedisError:
            get_logger().warning("queue.unreachable", run_id=following.id)
