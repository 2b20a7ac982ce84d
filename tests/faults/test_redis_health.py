"""A real Redis that answers and can't be used, or not for long: the desk says why, and what to do."""

import re
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from tests.conftest import settings_for
from tests.faults.deaths import let_leases_end
from tests.faults.desk import until
from tests.faults.redis_servers import RedisServer, free_port, serving
from tests.support.declared_jobs import OPERATOR, Declare, declare, planned, runs_of  # noqa: F401
from tests.support.paths import ROOT
from webapp import clock, health_checks
from webapp.api.probes import health as probes
from webapp.app import create_app
from webapp.jobs.engine import rq_cleanup
from webapp.jobs.engine.queue import RunJob, enqueue_after_commit, queue
from webapp.jobs.processes.scheduler import DeskScheduler
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.processes.worker import RunWorker
from webapp.jobs.steps import evaluate_alerts, storefront_documents
from webapp.jobs.steps.outbox import event_stream
from webapp.local import redis_server
from webapp.models import Event
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.runtime import Runtime, build_runtime
from webapp.services.alerts import alerts, registry
from webapp.services.monitoring import redis_health
from webapp.services.scheduling import runs

USER, PASSWORD = "desk", "a-password-of-redis"
NOT_TOLD = "the user of REDIS_URL may not INFO"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with serving(tmp_path_factory.mktemp("health") / "redis", port=free_port()) as made:
        yield made


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    """The server with what it is set to by itself, also afterwards."""
    ours = "maxmemory maxmemory-policy min-replicas-to-write replica-read-only save stop-writes-on-bgsave-error"
    before: dict[str, str] = {}
    for name in ours.split():
        before |= server.redis.config_get(name)  # type: ignore[arg-type]
    yield server.redis
    server.redis.replicaof("NO", "ONE")
    for name, value in before.items():
        server.redis.config_set(name, value)


def address(server: RedisServer) -> str:
    return f"unix://{server.socket}"


def rights() -> list[str]:
    """The line of the handbook, as the words of a command."""
    [line] = re.findall(r"^(ACL SETUSER .+)$", (ROOT / "docs" / "handbook.md").read_text(), re.MULTILINE)
    return str(line).replace("PASSWORD", PASSWORD).split()


def as_user(server: RedisServer, *changes: str) -> str:
    """The address at which the handbook's user has its rights, but for the changes."""
    ask: Any = server.redis.execute_command
    ask(*rights(), *changes)
    return f"redis://{USER}:{PASSWORD}@127.0.0.1:{server.port}/0"


def test_one_that_takes_writes_is_well(redis: Redis) -> None:
    found = redis_health.examine(redis)
    assert (found.verdict, found.do, found.risks) == ("ok", "", ())
    assert redis.keys("desk:health:*") == [], "what was asked leaves nothing behind"


@pytest.mark.parametrize("read_only", ["yes", "no"])
def test_a_replica_is_none_whether_it_takes_writes_or_not(redis: Redis, read_only: str) -> None:
    redis.config_set("replica-read-only", read_only)
    redis.replicaof("127.0.0.1", "1")
    found = redis_health.examine(redis)
    assert found.verdict == "wrong"
    assert found.found.startswith("This Redis is a replica of 127.0.0.1:1:")
    assert "primary" in found.do


def test_a_full_one_is_told_by_the_write(redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    found = redis_health.examine(redis)
    assert (found.verdict, "at its memory limit" in found.found) == ("wrong", True)
    assert "maxmemory" in found.do
    assert "`desk run NAME` works meanwhile" in found.do


def test_one_without_its_replicas_is_told(redis: Redis) -> None:
    redis.config_set("min-replicas-to-write", 1)
    found = redis_health.examine(redis)
    assert (found.verdict, "fewer replicas" in found.found) == ("wrong", True)


def test_what_may_stop_it_later_is_a_warning(redis: Redis, server: RedisServer, tmp_path: Path) -> None:
    for number in range(500):  # beside which a connection more or less is nothing
        redis.set(f"filler-{number}", b"x" * 10_000)
    redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] * 1.05))
    redis.config_set("maxmemory-policy", "allkeys-lru")
    found = redis_health.examine(redis)
    assert found.verdict == "warning"
    assert "allkeys-lru, which throws out what is queued" in found.found
    assert "nine tenths of its maxmemory" in found.found
    at_risk = registry.rules()["redis_at_risk"].question(settings_for("", tmp_path, redis_url=address(server)))
    assert list(at_risk) == [("redis", " ".join(found.risks))]
    redis.flushall()


def test_one_that_can_not_save_is_told_before_and_after_it_stops_taking_writes(
    redis: Redis, server: RedisServer
) -> None:
    """Whether it goes on taking writes then is a setting of its own."""
    in_the_way = server.folder / "dump.rdb"
    in_the_way.mkdir()
    redis.config_set("save", "3600 1")
    saved(redis, "err")
    found = redis_health.examine(redis)
    assert (found.verdict, "can't save its data and takes no writes" in found.found) == ("wrong", True)

    redis.config_set("stop-writes-on-bgsave-error", "no")
    found = redis_health.examine(redis)
    assert (found.verdict, "could not save its data (rdb_last_bgsave_status)" in found.found) == ("warning", True)
    in_the_way.rmdir()
    saved(redis, "ok")


def saved(redis: Redis, status: str) -> None:
    redis.bgsave()
    until(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == status, 10)


def test_a_sentinel_is_told_apart(tmp_path: Path) -> None:
    file, port = tmp_path / "sentinel.conf", free_port()
    file.write_text(f"port {port}\n")
    with subprocess.Popen([redis_server.binary(), str(file), "--sentinel"], stdout=subprocess.DEVNULL) as process:
        with Redis(port=port) as client:
            until(client.ping, 10)
            found = redis_health.examine(client)
        process.kill()
    assert (found.verdict, "the port of a Sentinel" in found.found) == ("wrong", True)


def test_a_wrong_password_is_no_silence(server: RedisServer) -> None:
    address = as_user(server).replace(PASSWORD, "another")
    with Redis.from_url(address) as client:
        found = redis_health.examine(client)
    assert (found.verdict, "neither the user nor the password" in found.found) == ("wrong", True)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (
            "certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'",
            "for another host",
        ),
        ("certificate verify failed: unable to get local issuer certificate", "is not trusted"),
        ("Connection reset by peer", "ends the connection"),
    ],
)
def test_the_words_of_tls_are_told_apart(answer: str, found: str) -> None:
    """Real servers say them in tests/real, where Debian's Redis is there: the Valkey that comes along has no TLS."""
    assert found in redis_health._unusable(ConnectionError(answer), over_tls=True).found


def test_a_missing_right_is_named(server: RedisServer) -> None:
    with Redis.from_url(as_user(server, "-set")) as client:
        found = redis_health.examine(client)
    assert (found.verdict, "'set'" in found.found, "ACL line" in found.do) == ("wrong", True, True)


_CASES = count(1)
"""Who was at one is there for half a minute, on the server that these tests share."""


@pytest.mark.parametrize("changes", [(), ("-info", "-role")])
def test_the_handbook_s_user_does_all_that_the_desk_does(
    server: RedisServer, sqlite_url: str, tmp_path: Path, declare: Declare, changes: tuple[str, ...]
) -> None:
    """Without INFO as well: that is said, and all the rest works."""
    place = build_runtime(settings_for(sqlite_url, tmp_path, redis_url=as_user(server, *changes)))
    planned(place, declare("count", lambda work, at: None), clock.now())
    forget: Any = server.redis.execute_command
    forget("ACL", "LOG", "RESET")
    do_everything(place)
    refused = {entry["object"] for entry in server.redis.acl_log()}
    assert refused <= {change[1:] for change in changes}, "all of it by rights of the handbook"
    assert [run.status for run in runs_of(place, "count")] == ["succeeded"]

    found = health_checks.redis(place)
    assert (found.verdict, NOT_TOLD in found.found) == (("warning", True) if changes else ("ok", False))
    said = create_app(place).test_client().get("/readyz")
    assert (said.status_code, said.get_json()["status"]) == (200, "degraded" if changes else "ok")
    place.db.close()


def test_the_handbook_s_user_does_nothing_else(server: RedisServer) -> None:
    ask: Any = server.redis.execute_command
    ask(*rights())
    for command in (["FLUSHALL"], ["CONFIG", "SET", "dir", "/"], ["SET", "other", "1"], ["DEBUG", "SLEEP", "1"]):
        assert b"no permissions" in ask("ACL", "DRYRUN", USER, *command)


def do_everything(place: Runtime) -> None:
    """What scheduler, workers, web processes and jobs do in Redis."""
    with place.db.transaction() as session:
        run = runs.trigger(session, "count", actor=OPERATOR)
        enqueue_after_commit(place, session, run)
    scheduler = DeskScheduler(place, ShutdownFlag())
    scheduler.tick()
    scheduler.remove_lock()
    work(place)
    rq_cleanup.clear(place.redis)
    assert queue(place.redis).count == 0
    assert place.figure_cache._redis.tried(lambda redis: redis.set("desk:figures:1:x", "1", ex=9))
    case = next(_CASES)
    assert place.presence.others(case, 1, clock.now()) == []
    assert place.presence.others(case, 2, clock.now()) == [1]
    storefront_documents.fill(place, clock.now(), lambda: None)
    event = Event(id=1, type="run.finished", at=clock.now(), payload="{}")
    assert event_stream.publish(place, [event])
    RateLimiter("anybody", 600, place.settings.redis_address).wait(1)
    assert create_app(place).test_client().get("/api/v1/parties").status_code == 401


def work(place: Runtime) -> None:
    worker = RunWorker(place, f"worker-{clock.now().timestamp()}")
    RunJob.execute = staticmethod(worker.execute)
    worker.work(burst=True, logging_level="ERROR")
    worker.clean_registries()


def test_what_came_due_meanwhile_runs_when_it_takes_writes_again(
    server: RedisServer, redis: Redis, sqlite_url: str, tmp_path: Path, declare: Declare
) -> None:
    """A replica for a while: it is told on every page by way of the database, and the run is done afterwards."""
    place = build_runtime(settings_for(sqlite_url, tmp_path, redis_url=address(server)))
    planned(place, declare("count", lambda work, at: None), clock.now())
    redis.replicaof("127.0.0.1", "1")
    with place.db.transaction() as session:
        run = runs.trigger(session, "count", actor=OPERATOR)
        enqueue_after_commit(place, session, run)
    ask_about_redis(place)
    with place.db.reading() as session:
        assert "is a replica" in alerts.unresolved_sentence(session, "redis_unwell", "redis")
    said = create_app(place).test_client().get("/readyz")
    assert (said.status_code, "is a replica" in said.get_json()["checks"]["redis"]) == (503, True)

    redis.replicaof("NO", "ONE")
    let_leases_end(place)
    DeskScheduler(place, ShutdownFlag()).tick()
    work(place)
    assert [run.status for run in runs_of(place, "count")] == ["succeeded"]
    ask_about_redis(place)
    with place.db.reading() as session:
        assert alerts.unresolved_sentence(session, "redis_unwell", "redis") == ""
    place.db.close()


def ask_about_redis(place: Runtime) -> None:
    """As the scheduler does, without Redis; the other rules have their own tests."""
    evaluate_alerts._ask(place, "redis_unwell", registry.rules()["redis_unwell"])


def test_a_check_that_raises_is_not_ready(sqlite_runtime: Runtime) -> None:
    def broken(_runtime: Runtime) -> health_checks.CheckResult:
        raise ZeroDivisionError

    assert probes._found(sqlite_runtime, broken).verdict == "wrong"
