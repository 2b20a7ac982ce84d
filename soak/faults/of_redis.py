"""What befalls Redis: each a fault of its own, one at a time."""

import signal
from collections.abc import Iterator

from soak.faults.registry import kind, picked, require, standing_still
from soak.faults.script import Planned
from soak.world import World, until


@kind(3.0, alone="redis")
def redis_flushed(world: World, planned: Planned) -> Iterator[None]:
    """Redis is empty."""
    world.redis.flush()
    yield


@kind(1.5, alone="redis")
def redis_killed(world: World, planned: Planned) -> Iterator[None]:
    """Redis dies and reads its files again."""
    require(world.redis_process.send(signal.SIGKILL))
    yield


@kind(1.0, alone="redis")
def redis_restarted(world: World, planned: Planned) -> Iterator[None]:
    """Redis is ended as one ends it, and is down for a while."""
    redis = world.redis_process
    redis.held = True
    redis.send(signal.SIGTERM)
    try:
        yield
    finally:
        redis.held = False


@kind(1.0, alone="redis")
def redis_lost_its_files(world: World, planned: Planned) -> Iterator[None]:
    """Redis dies, and its append-only file is gone."""
    redis = world.redis_process
    redis.held = True
    try:
        redis.send(signal.SIGKILL)
        until(lambda: not redis.is_up, 5)
        world.redis.delete_files()
    finally:
        redis.held = False
    yield


@kind(1.0, alone="redis")
def redis_frozen(world: World, planned: Planned) -> Iterator[None]:
    """Redis answers nobody for a while."""
    with standing_still(world.redis_process):
        yield


@kind(1.0, alone="redis")
def redis_full(world: World, planned: Planned) -> Iterator[None]:
    """Redis has no memory left: it refuses writes."""
    world.redis.set_memory("1")
    try:
        yield
    finally:
        world.redis.set_memory("0")


@kind(1.0, alone="redis")
def redis_failed_over(world: World, planned: Planned) -> Iterator[None]:
    """Its replica is promoted, and clients are led there; the one that was the first dies, and comes back as a replica.

    Half of the time the replica had stopped following a while before, so that it has lost the newest.
    """
    lags = picked(planned, (True, False))
    require(world.redis_standby_process.is_up and world.redis_process.is_up)
    try:
        if lags:
            world.standby.follow(None)
            yield
    finally:
        world.fail_redis_over()
    yield
