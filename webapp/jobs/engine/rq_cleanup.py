"""What RQ still keeps of runs that have ended: entries in its registries that nobody needs any more."""

from collections.abc import Iterator

from redis import Redis
from rq.registry import BaseRegistry

from webapp.jobs.engine.queue import queue

NAMES = ("failed_job_registry", "scheduled_job_registry", "deferred_job_registry", "canceled_job_registry")
_AT_ONCE = 1_000


def registries(redis: Redis) -> Iterator[tuple[str, BaseRegistry]]:
    """RQ's registries of what is not queued and not under way, by a short name."""
    ours = queue(redis)
    for name in NAMES:
        yield name.removesuffix("_job_registry"), getattr(ours, name)


def clear(redis: Redis) -> int:
    """Remove them, up to a thousand of each kind; returns how many. The database knows all that matters of a run."""
    removed = 0
    for _name, registry in registries(redis):
        for entry in registry.get_job_ids(0, _AT_ONCE - 1):
            registry.remove(entry, delete_job=True)
            removed += 1
    return removed
