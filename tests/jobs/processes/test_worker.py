"""A worker process, as it starts and is asked to stop."""

import signal
import threading
from contextlib import suppress

import fakeredis
import pytest
from redis import Redis
from rq.exceptions import StopRequested

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


def test_a_stop_that_an_outage_swallowed_is_noticed_before_the_next_run_is_taken(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: fakeredis.FakeRedis())
    worker = RunWorker(sqlite_runtime, "test-worker")
    with suppress(StopRequested):  # as a connection does that closes at this moment
        worker.request_stop(signal.SIGTERM, None)

    with pytest.raises(StopRequested):
        worker.dequeue_job_and_maintain_ttl(timeout=None)
