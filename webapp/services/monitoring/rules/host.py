"""Alert rules about the place where the desk runs. They ask the surroundings, so no transaction is open meanwhile."""

import shutil
from collections.abc import Iterator

from webapp.domain.words import joined, phrase
from webapp.services.alerts.registry import Answer, rule
from webapp.services.monitoring import redis_health
from webapp.services.monitoring.redis_health import RedisFinding
from webapp.settings import Settings
from webapp.settings_parts import redis_address

_LEAST_FREE = 2**30
_SECONDS = 2
REDIS = "redis"
"""The subject of what is said about Redis."""


@rule(severity="page", outside=True)
def redis_unwell(settings: Settings) -> Iterator[Answer]:
    """Redis does not answer, or takes no writes: nothing is lost, but runs wait."""
    found = _redis(settings)
    if found.verdict == "wrong":
        yield REDIS, joined(found.found, found.do)


@rule(severity="warn", outside=True)
def redis_at_risk(settings: Settings) -> Iterator[Answer]:
    """Redis is nearly full, throws out what is queued, or can't save its data."""
    risks = _redis(settings).risks
    if risks:
        yield REDIS, " ".join(risks)


def _redis(settings: Settings) -> RedisFinding:
    client = redis_address.connect(settings.redis_address, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS)
    try:
        return redis_health.examine(client)
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
        yield "disk", phrase("Only %(free)s MiB are free on the disk of VAR_DIR.", free=f"{free / 2**20:,.0f}")
