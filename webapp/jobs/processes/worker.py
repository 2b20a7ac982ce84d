"""A worker process: takes runs from the queue, one at a time, in the process itself."""

import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis.client import Pipeline
from redis.exceptions import RedisError, ResponseError
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from webapp import clock
from webapp.jobs.engine.queue import RunJob, queue
from webapp.jobs.processes.alert_dispatch import AlertDispatcher
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.run_job import run_job
from webapp.jobs.steps.copied_database import is_the_original
from webapp.jobs.steps.database_clock import clock_is_right
from webapp.jobs.steps.database_schema import schema_is_usable
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.schema import SchemaUnusable
from webapp.services.common.instance import NotTheOriginal
from webapp.services.monitoring.clock_skew import ClockOff
from webapp.services.scheduling import processes
from webapp.settings_parts import redis_address

_TTL = 30
_MAINTENANCE = 60
_PAUSE, _CLOCK_PAUSE = 1.0, 5.0
"""Seconds: RQ's own life signs, its cleaning, the wait before a new start, and before the clock is looked at again."""


class RunWorker(SimpleWorker):
    """An RQ worker of runs. Their time limit is not RQ's: it is checked between chunks, where nothing is half done."""

    job_class = RunJob
    max_connection_wait_time = 5.0

    def __init__(self, runtime: Runtime, name: str, is_stopping: Callable[[], bool] = lambda: False) -> None:
        connection = redis_address.connect(runtime.settings.redis_address, socket_connect_timeout=3)
        super().__init__(
            [queue(connection)],
            name=name,
            connection=connection,
            job_class=RunJob,
            serializer=JSONSerializer,
            worker_ttl=_TTL,
            maintenance_interval=_MAINTENANCE,
            job_monitoring_interval=_TTL,
            log_job_description=False,
        )
        self.runtime, self._is_stopping = runtime, is_stopping
        self.stopping = False
        self.current: tuple[Job, int] | None = None

    def execute(self, run_id: int) -> None:
        """Carry out a run, handing it back between two chunks when the process is asked to stop.

        With a wrong clock, a database of another version, or one that may be a copy, it stays in the queue, and this
        worker takes nothing more from it.
        """
        try:
            run_job(self.runtime, run_id, stopping=lambda: self.stopping)
        except ClockOff as off:
            get_logger().error("clock.off", problem=off.detail, run_id=run_id)
            vars(self)["_stop_requested"] = True
        except SchemaUnusable as unusable:
            get_logger().error("schema.unusable", problem=unusable.detail, run_id=run_id)
            vars(self)["_stop_requested"] = True
        except NotTheOriginal as copy:
            get_logger().error("instance.unknown", problem=copy.detail, run_id=run_id)
            vars(self)["_stop_requested"] = True

    def execute_job(self, job: Job, queue: object) -> None:
        """Remember which run it is, for the heartbeat."""
        self.current = (job, job.run_id)  # type: ignore[attr-defined]
        try:
            super().execute_job(job, queue)  # type: ignore[arg-type]
        finally:
            self.current = None

    def beat(self) -> None:
        """Keep RQ's own view of this worker and its job fresh while it is busy."""
        current = self.current
        if current is not None and self.execution is not None:
            self.maintain_heartbeats(current[0])

    def current_run(self) -> int | None:
        """The run that is being carried out."""
        return self.current[1] if self.current else None

    def clean_registries(self) -> None:
        """RQ's own cleaning. What can't even be read there is thrown away: the database knows what has to run."""
        try:
            clean: Any = super().clean_registries
            clean()
        except (UnicodeError, ValueError, ResponseError) as problem:
            get_logger().warning("queue.unreadable", problem=str(problem))
            self.connection.delete(*[each.intermediate_queue_key for each in self.queues])
            vars(self)["last_cleaned_at"] = clock.now()

    def subscribe(self) -> None:
        """No commands are taken from Redis: whoever can write to it could stop the desk's workers."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def _install_signal_handlers(self) -> None:
        """Take the signals over; one that came before this is not lost."""
        install: Any = super()._install_signal_handlers
        install()
        if self._is_stopping():
            self.stopping = True
            vars(self)["_stop_requested"] = True

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the chunk at hand, hand the rest back, and end.

        Nothing is said to Redis from here, as RQ would: Redis may be away, and its failure would break off the chunk.
        """
        self.stopping = True
        vars(self)["_stop_requested"] = True
        if self.current is None:
            raise StopRequested

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's sign of life, before each attempt to take a job: a stop that an outage swallowed is noticed here."""
        if self.stopping and self.current is None:
            raise StopRequested
        super().heartbeat(timeout, pipeline)


def work(runtime: Runtime) -> None:
    """Be a worker until told to stop. Redis and the database may go away and come back."""
    shutdown = ShutdownFlag()
    current: list[RunWorker] = []
    runtime.count_figures(processes.WORKER)
    heartbeat = Heartbeat(
        runtime,
        processes.WORKER,
        run_id=lambda: current[-1].current_run() if current else None,
        also=lambda: current[-1].beat() if current else None,
    )
    shutdown.until(lambda: register_jobs(runtime))
    heartbeat.start()
    post = AlertDispatcher(runtime, processes.WORKER)
    post.start()
    get_logger().info("worker.started", name=processes.name_of(processes.WORKER))
    try:
        while not shutdown.stop:
            _work_once(runtime, shutdown, current)
    finally:
        post.stop()
        heartbeat.stop()
        get_logger().info("worker.ended")


def _work_once(runtime: Runtime, shutdown: ShutdownFlag, current: list[RunWorker]) -> None:
    """One RQ worker's life: it ends when told to, or when something it doesn't survive happens to Redis.

    None begins with a wrong clock, with a database of another version, or with one that may be a copy.
    """
    try:
        if not (clock_is_right(runtime) and schema_is_usable(runtime) and is_the_original(runtime)):
            shutdown.wait(_CLOCK_PAUSE)
            return
        name = f"{processes.name_of(processes.WORKER)}-{time.time_ns()}"
        worker = RunWorker(runtime, name, is_stopping=lambda: shutdown.stop)
        RunJob.execute = staticmethod(worker.execute)
        current[:] = [worker]
        worker.work(logging_level="WARNING")
    except (RedisError, OSError, ValueError) as problem:
        get_logger().warning("worker.redis_away", problem=str(problem).partition("\n")[0])
    finally:
        shutdown.stop = shutdown.stop or any(each.stopping for each in current)
        current.clear()
        shutdown.listen()
    if not shutdown.stop:
        shutdown.wait(_PAUSE)
