"""The queue in Redis: JSON only, one known function, a run's id as its payload. A hint; the database is the truth."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self

from redis import Redis
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisSilent
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from webapp.db import after_commit
from webapp.logs import get_logger
from webapp.models import Run
from webapp.runtime import Runtime

QUEUE = "desk"
FUNCTION = "webapp.jobs.run_job.run_job"
_FOREVER = -1
_KEEP_RESULT, _KEEP_FAILURE = 300, 86_400


class RunJob(Job):
    """An RQ job that can only be "carry out run N". Whatever else lies in Redis is left alone, and logged."""

    execute: ClassVar[Callable[[int], None] | None] = None
    """How this process carries out a run; set by a worker."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:
        super().__init__(id, connection=connection, serializer=JSONSerializer)

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: Any = None) -> Self:
        """The job, or NoSuchJobError for anything this desk did not write."""
        try:
            job: Any = super().fetch(id, connection=connection, serializer=JSONSerializer)
            if job.run_id < 0:
                raise ValueError("no run has such a number")
        except (RedisDown, RedisSilent):
            raise
        except NoSuchJobError:
            raise
        except Exception as problem:
            get_logger().warning("queue.payload_refused", job_id=str(id)[:80], problem=type(problem).__name__)
            raise NoSuchJobError(f"{id!r} is not a run of this desk") from None
        found: Self = job
        return found

    @property
    def run_id(self) -> int:
        """The run to carry out. Raises ValueError when the payload is anything else."""
        alone = not (self.kwargs or self.instance) and len(self.args) == 1 and type(self.args[0]) is int
        callbacks = (self._success_callback_name, self._failure_callback_name, self._stopped_callback_name)
        named = any(isinstance(name, str) for name in callbacks)
        if self.func_name != FUNCTION or not alone or named or getattr(self, "webhooks", None):
            raise ValueError("not a run of this desk")
        return int(self.args[0])

    def _execute(self) -> None:
        execute = type(self).execute
        if execute is None:
            raise RuntimeError("this process carries out no runs")
        execute(self.run_id)


def queue(redis: Redis) -> Queue:
    """The queue of runs."""
    return Queue(QUEUE, connection=redis, job_class=RunJob, serializer=JSONSerializer)


def rq_id(run_id: int, attempt: int) -> str:
    """The RQ job's id of one attempt at a run."""
    return f"run-{run_id}-{attempt}"


def enqueue(redis: Redis, run_id: int, attempt: int, job: str = "") -> None:
    """Hand a run to the workers. Twice is harmless: a run starts once. Raises RedisError."""
    queue(redis).enqueue_call(
        FUNCTION,
        args=(run_id,),
        job_id=rq_id(run_id, attempt),
        timeout=_FOREVER,
        result_ttl=_KEEP_RESULT,
        failure_ttl=_KEEP_FAILURE,
        description=f"{job} run {run_id}",
    )


def is_waiting(redis: Redis, run_id: int, attempt: int) -> bool:
    """Whether the run lies in the queue, for a worker to take. Raises RedisError."""
    try:
        return queue(redis).get_job_position(rq_id(run_id, attempt)) is not None
    except ResponseError:
        return False


def enqueue_after_commit(runtime: Runtime, session: Session, run: Run) -> None:
    """Hand a new run to the workers once its row is committed. If Redis is down, the sweep finds the row."""
    after_commit(session, partial(_try, runtime, run.id, run.attempt, run.job))


def _try(runtime: Runtime, run_id: int, attempt: int, job: str) -> None:
    try:
        enqueue(runtime.redis, run_id, attempt, job)
    except RedisError as problem:
        get_logger().warning("queue.unreachable", run_id=run_id, problem=str(problem))
