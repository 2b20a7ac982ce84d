"""Alert rules about the place where the desk runs. They ask the surroundings, so no transaction is open meanwhile."""

import shutil
from collections.abc import Iterator

from redis import Redis
from redis.exceptions import RedisError

from webapp.services.alerts.registry import Answer, rule
from webapp.settings import Settings

_LEAST_FREE = 2**30
_SECONDS = 2


@rule(severity="page", outside=True)
def redis_unwell(settings: Settings) -> Iterator[Answer]:
    """Redis does not answer: nothing is lost, but runs wait."""
    client = Redis.from_url(settings.redis_address, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS)
    try:
        client.ping()
    except RedisError:
        yield "redis", "Redis does not answer. Runs wait until it does; nothing is lost."
    finally:
        client.close()


@rule(severity="page", outside=True)
def disk_nearly_full(settings: Settings) -> Iterator[Answer]:
    """The disk of the folder for data has less than 1 GiB left."""
    folder = settings.var_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE:
        yield "disk", f"Only {free / 2**20:,.0f} MiB are free on the disk of VAR_DIR."
