"""What may be a copy does no work: runs wait, and of what leaves a desk only alerts do."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from redis import Redis
from sqlalchemy import select

from tests.conftest import settings_for
from tests.races.together import Meeting
from tests.support.copies import become_a_copy
from tests.support.declared_jobs import OPERATOR, Declare, planned
from tests.support.market import DIVINE
from webapp import clock, health_checks
from webapp.jobs.engine import provider_batches
from webapp.jobs.engine.provider_batches import BatchRunner
from webapp.jobs.processes import alert_dispatch
from webapp.jobs.processes import worker as processes_worker
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.jobs.processes.shutdown import ShutdownFlag
from webapp.jobs.processes.worker import RunWorker
from webapp.jobs.run_job import run_here, run_job
from webapp.jobs.steps import start_checkout
from webapp.jobs.steps.copied_database import is_the_original
from webapp.jobs.steps.mirror.sending import Mirror
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.models import StoredSetting
from webapp.providers.messaging import heartbeat_ping
from webapp.runtime import Runtime, build_runtime
from webapp.services.common import instance
from webapp.services.common.instance import NotTheOriginal
from webapp.services.notifications import delivery_queue
from webapp.services.scheduling import processes, runs


def test_a_run_waits_until_somebody_says_which_one_is_the_original(
    runtime: Runtime, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: fakeredis.FakeRedis())
    planned(runtime, declare("daily", lambda work, at: None), clock.now())
    with runtime.db.transaction() as session:
        run = runs.trigger(session, "daily", actor=OPERATOR).id
    become_a_copy(runtime)
    with pytest.raises(NotTheOriginal, match="it was restored, copied or moved"):
        run_job(runtime, run)
    assert not is_the_original(runtime)
    worker = RunWorker(runtime, "worker-1")
    worker.execute(run)
    assert vars(worker)["_stop_requested"], "it stays in the queue, and this worker takes nothing more"
    with runtime.db.transaction() as session:
        assert runs.get(session, run).status == "queued"
        instance.confirm(session, "The other one is gone.", at=clock.now(), actor=DIVINE)
    assert is_the_original(runtime)
    assert run_here(runtime, run).status == "succeeded"


def test_a_worker_does_not_begin_on_a_copy(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(processes_worker, "RunWorker", lambda *_, **__: begun.append("worker"))
    monkeypatch.setattr(processes_worker, "_CLOCK_PAUSE", 0.0)
    become_a_copy(sqlite_runtime)
    processes_worker._work_once(sqlite_runtime, ShutdownFlag(), [])
    assert begun == []


def test_nothing_leaves_but_alerts(sqlite_runtime: Runtime) -> None:
    anything: Any = None
    OutboxSender(sqlite_runtime).run()
    become_a_copy(sqlite_runtime)
    with pytest.raises(NotTheOriginal):
        OutboxSender(sqlite_runtime).run()
    OutboxSender(sqlite_runtime, only=delivery_queue.ALERTS).run()
    with pytest.raises(NotTheOriginal):
        start_checkout.begin(sqlite_runtime, 1, DIVINE)
    with pytest.raises(NotTheOriginal):
        Mirror(sqlite_runtime, anything).send(lambda: None)


def test_a_run_that_is_under_way_asks_no_provider_any_more(sqlite_runtime: Runtime) -> None:
    class Control:
        """What a run of no job is."""

        db, recorder = sqlite_runtime.db, type("Recorder", (), {"fence": lambda _self, _session: None})()

    control: Any = Control
    batch: Any = provider_batches.ProviderBatch("x", start_checkout.LEASE, *[_never] * 4)
    become_a_copy(sqlite_runtime)
    with pytest.raises(NotTheOriginal):
        BatchRunner(control, batch, 1).run()


def _never(*_: object) -> Any:
    raise AssertionError("It was asked.")


def test_the_monitor_outside_is_not_told_that_all_is_well(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_runtime.settings.heartbeat_url = "https://monitor.example/ping"
    monkeypatch.setattr(heartbeat_ping, "ping", lambda url: True)
    with sqlite_runtime.db.transaction() as session:
        processes.beat(session, processes.WORKER, clock.now())
    assert alert_dispatch.beat(sqlite_runtime)
    become_a_copy(sqlite_runtime)
    assert not alert_dispatch.beat(sqlite_runtime)


def test_doctor_says_that_it_may_be_a_copy(runtime: Runtime) -> None:
    assert "not written down yet" in health_checks.original(runtime).found
    Heartbeat(runtime, processes.WEB, sweeps=False)._record_first_start()
    assert health_checks.original(runtime).found == "This host and its database belong together."
    become_a_copy(runtime)
    found = health_checks.original(runtime)
    assert (found.verdict, "`desk instance confirm" in found.do) == ("wrong", True)


def test_of_two_hosts_that_start_at_once_one_is_written_down(
    pg_runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [build_runtime(settings_for(pg_runtime.db.url, tmp_path / name)) for name in "ab"]
    monkeypatch.setattr(instance, "is_recorded", Meeting().after(instance.is_recorded))

    def start(host: Runtime) -> None:
        with host.db.transaction() as session:
            instance.record_first_start(session)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(start, hosts))
    assert sorted(is_the_original(host) for host in hosts) == [False, True]
    with pg_runtime.db.reading() as session:
        known = session.scalars(select(StoredSetting.value).where(StoredSetting.name == "instance")).one()
    kept = [each.settings.var_dir / "instance.json" for each in hosts]
    assert [known["id"] in file.read_text() for file in kept if file.exists()] == [True]
    for host in hosts:
        host.db.close()
