"""Redis behind Sentinels: another one becomes the primary, and the desk goes along."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis import Redis

from real import servers
from tests.conftest import settings_for
from tests.faults.desk import until
from webapp.jobs.processes.scheduler import DeskScheduler
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.processes.worker import RunWorker
from webapp.jobs.steps.outbox import event_stream
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.runtime import Runtime, build_runtime
from webapp.services.monitoring import redis_health
from webapp.settings_parts import redis_address

SECONDS = 30
"""In which a fail-over is over; one takes about two."""


class Pair(NamedTuple):
    """Ports of a primary, of its replica, and of the Sentinel that watches them."""

    first: int
    second: int
    sentinel: int

    def fail_over(self) -> None:
        """Let the replica be the primary."""
        with Redis(port=self.sentinel) as sentinel, Redis(port=self.second) as second:
            ask: Any = sentinel.execute_command
            until(lambda: ask("SENTINEL", "FAILOVER", "desk"), SECONDS)
            until(lambda: second.role()[0] == b"master", SECONDS)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with servers.redis(tmp_path / "first") as first:
        follows = ["--replicaof", f"{servers.HOST} {first}", "--repl-diskless-sync-delay", "0"]
        with (
            servers.redis(tmp_path / "second", *follows) as second,
            servers.sentinel(tmp_path / "sentinel", first) as sentinel,
        ):
            yield Pair(first, second, sentinel)


def test_every_use_of_redis_follows_the_primary(pair: Pair, sqlite_runtime: Runtime, tmp_path: Path) -> None:
    address = f"redis+sentinel://127.0.0.1:{pair.sentinel}/desk/2"
    desk = build_runtime(settings_for(sqlite_runtime.db.url, tmp_path, redis_url=address))
    limiter, worker = RateLimiter("paystack", 6_000, address), RunWorker(desk, "worker-1")
    scheduler = DeskScheduler(desk, ShutdownFlag())

    def used() -> bool:
        assert redis_health.examine(desk.redis).verdict == "ok"
        assert worker.connection.set("of", "the worker")
        assert scheduler.acquire_lock()
        return limiter._shared.hit(limiter._item, "provider", "paystack") and event_stream.publish(desk, [])

    assert used()
    pair.fail_over()
    with Redis(port=pair.second, db=2) as primary:
        # What the former one took before it was told is lost: Redis is a hint, and the database has it all.
        until(lambda: used() and primary.get("of") and primary.keys("*paystack*"), SECONDS)


def test_sentinels_that_know_no_such_primary_are_named(pair: Pair) -> None:
    found = redis_health.examine(redis_address.connect(f"redis+sentinel://:geheim@127.0.0.1:{pair.sentinel}/other"))
    assert (found.verdict, "No Sentinel of REDIS_URL names a primary" in found.found) == ("wrong", True)
    assert "geheim" not in found.found
