"""The plan as rq-scheduler's tools see it: one entry per schedule, with the next slot as its score."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from redis import Redis
from rq.job import JobStatus

from webapp.jobs.engine.queue import FUNCTION, QUEUE, RunJob
from webapp.logs import get_logger

PREFIX = "schedule-"


class SchedulerEntries:
    """rq-scheduler's sorted set, made to say what the database plans. What doesn't belong there is removed."""

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis, self._key = redis, key

    def show(self, plan: Mapping[str, datetime]) -> None:
        """Mend the set and the entries' own hashes. Raises RedisError."""
        if self._redis.type(self._key) not in (b"zset", b"none"):
            self._redis.delete(self._key)
        wanted: dict[Any, float] = {f"{PREFIX}{job}".encode(): slot.timestamp() for job, slot in plan.items()}
        planned: Any = self._redis.zrange(self._key, 0, 9_999, withscores=True)
        found: dict[Any, float] = dict(planned)
        foreign = [entry for entry in found if entry not in wanted]
        if foreign:
            self._redis.zrem(self._key, *foreign)
            get_logger().info(
                "scheduler.entries_removed", entries=[entry.decode("ascii", "replace") for entry in foreign][:20]
            )
        moved = {entry: score for entry, score in wanted.items() if found.get(entry) != score}
        if moved:
            self._redis.zadd(self._key, moved)
        for entry in wanted:
            if not self._redis.exists(RunJob.key_for(entry.decode())):
                self._save(entry.decode())

    def _save(self, entry: str) -> None:
        job = RunJob.create(
            FUNCTION,
            args=(0,),
            connection=self._redis,
            id=entry,
            origin=QUEUE,
            status=JobStatus.SCHEDULED,
            description=f"{entry.removeprefix(PREFIX)}: planned by the database",
            result_ttl=-1,
        )
        job.save()
