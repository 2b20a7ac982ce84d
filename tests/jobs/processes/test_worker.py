"""A worker process, as it starts and is asked to stop."""

import threading

import fakeredis
import pytest
from redis import Redis

from webapp.jobs.processes.worker import RunWorker
from webapp.runtime import Runtime


def test_a_stop_that_was_asked_for_while_it_started_is_not_lost(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: fakeredis.FakeRedis())
    worker = RunWorker(sqlite_runtime, "test-worker", is_stopping=lambda: True)
    lifeline = threading.Timer(20, lambda: vars(worker).update(_stop_requested=True))
    lifeline.start()
    worker.work(logging_level="WARNING")
    lifeline.cancel()

    assert worker.stopping
