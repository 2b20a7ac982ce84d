"""Redis full, frozen, cut, restarted and failed over: it is a hint, and every run is carried out once all the same."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import OutOfMemoryError, RedisError

from tests.conftest import settings_for
from tests.faults.deaths import let_leases_end
from tests.faults.redis_servers import RedisServer, free_port, point, serving
from tests.support.declared_jobs import OPERATOR, Declare, declare, planned, runs_of  # noqa: F401
from webapp import clock
from webapp.jobs.engine.queue import RunJob, enqueue_after_commit, queue
from webapp.jobs.processes.scheduler import DeskScheduler
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.processes.worker import RunWorker
from webapp.runtime import Runtime, build_runtime
from webapp.services.scheduling import runs

DONE: Counter[int] = Counter()
"""How often each run was carried out."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with serving(tmp_path / "redis") as made:
        yield made


@pytest.fixture
def place(server: RedisServer, sqlite_url: str, tmp_path: Path, declare: Declare) -> Iterator[Runtime]:
    """A desk at the end of a link that leads to the server, with a job that counts how often it is carried out."""
    link = tmp_path / "desk.sock"
    point(link, server)
    made = build_runtime(settings_for(sqlite_url, tmp_path, redis_url=f"unix://{link}"))
    DONE.clear()
    planned(made, declare("count", lambda work, at: DONE.update([work.run_id or 0])), clock.now())
    yield made
    made.redis.close()
    made.db.close()


def asked(place: Runtime) -> int:
    """A run that somebody asks for: committed, then handed to Redis."""
    with place.db.transaction() as session:
        run = runs.trigger(session, "count", actor=OPERATOR)
        enqueue_after_commit(place, session, run)
        return run.id


def tick(place: Runtime) -> None:
    """A look of a scheduler that has just started; what an outage made wait is due again."""
    let_leases_end(place)
    scheduler = DeskScheduler(place, ShutdownFlag())
    scheduler.tick()
    scheduler.connection.close()


def work(place: Runtime) -> None:
    """A worker, until the queue is empty."""
    worker = RunWorker(place, f"worker-{clock.now().timestamp()}")
    RunJob.execute = staticmethod(worker.execute)
    worker.work(burst=True, logging_level="ERROR")
    worker.connection.close()


def require_once(place: Runtime, *asked_for: int) -> None:
    """Each was carried out once, and is on record so."""
    assert Counter(asked_for) == DONE
    assert {run.id: run.status for run in runs_of(place, "count")} == dict.fromkeys(asked_for, "succeeded")


def test_full_it_loses_nothing_and_refuses_nobody(place: Runtime, server: RedisServer) -> None:
    server.redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        server.redis.set("more", 1)
    run = asked(place)
    tick(place)
    with pytest.raises(RedisError):
        work(place)
    assert Counter() == DONE

    server.redis.config_set("maxmemory", 0)
    tick(place)
    work(place)
    require_once(place, run)


def test_frozen_it_holds_nobody_up_for_ever(place: Runtime, server: RedisServer) -> None:
    """The time-outs are there; here they are short ones."""
    patience = place.redis.connection_pool.connection_kwargs
    assert patience["socket_timeout"] == 10
    assert patience["socket_connect_timeout"] == 3
    patience["socket_timeout"] = 0.1
    server.send(signal.SIGSTOP)
    run = asked(place)
    assert [each.status for each in runs_of(place, "count")] == ["queued"]

    server.send(signal.SIGCONT)
    tick(place)
    work(place)
    require_once(place, run)


def test_with_its_file_cut_it_starts_and_what_is_lost_is_handed_over_again(place: Runtime, server: RedisServer) -> None:
    run = asked(place)
    assert queue(server.redis).count == 1
    server.kill()
    file = server.append_only_file()
    content = file.read_bytes()
    file.write_bytes(content[: content.rindex(b"rq:queue:desk") - 3])
    server.start()
    assert queue(server.redis).count == 0

    tick(place)
    work(place)
    require_once(place, run)


def test_killed_and_restarted_it_gives_out_what_it_had_once(place: Runtime, server: RedisServer) -> None:
    run = asked(place)
    server.kill()
    server.start()
    tick(place)
    assert queue(server.redis).count == 1, "what is there is not handed over again"

    work(place)
    require_once(place, run)


def test_failed_over_to_a_replica_that_lags_it_runs_each_once(place: Runtime, tmp_path: Path, declare: Declare) -> None:
    """The replica has the run that is done already, and lacks the one that was asked for last."""
    with serving(tmp_path / "first", port=free_port()) as first, serving(tmp_path / "second") as second:
        link = tmp_path / "desk.sock"
        point(link, first)
        place.redis.connection_pool.disconnect()
        first.redis.config_set("repl-diskless-sync-delay", 0)
        second.redis.replicaof("127.0.0.1", first.port)
        while second.redis.info("replication")["master_link_status"] != "up":
            pass
        done = asked(place)
        # It waits for what its own connection wrote, and so for all that was written before.
        first.redis.set("mark", 1)
        assert first.redis.wait(1, 10_000) == 1
        second.redis.replicaof("NO", "ONE")
        work(place)
        lost = asked(place)
        first.kill()
        point(link, second)
        place.redis.connection_pool.disconnect()
        assert queue(second.redis).job_ids == [f"run-{done}-1"]

        tick(place)
        work(place)
        require_once(place, done, lost)
