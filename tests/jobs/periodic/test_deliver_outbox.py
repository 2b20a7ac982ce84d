"""The job deliver_outbox: from an event to a webhook that arrived, and to the stream."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_for
from tests.faults.desk import Desk
from tests.support.job_runs import run_job_now
from tests.support.outbox import endpoint, happen, states
from tests.support.receivers import Receiver, receiver, with_settings  # noqa: F401
from webapp.jobs.steps.outbox import channels
from webapp.jobs.steps.outbox.event_stream import STREAM
from webapp.runtime import Runtime, build_runtime
from webapp.services.notifications.messages import event_messages


def test_deliver_outbox_tells_whoever_asked(runtime: Runtime, receiver: Receiver) -> None:
    place = with_settings(runtime)
    endpoint(place, receiver.url, "escrow.*")
    happen(place, "escrow.released", "dispute.opened", "escrow.refunded")
    run = run_job_now(place, "deliver_outbox")

    assert (run.status, run.succeeded) == ("succeeded", 2)
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["escrow.released", "escrow.refunded"]
    assert run_job_now(place, "deliver_outbox").succeeded == 0


def test_a_dry_run_sends_nothing(runtime: Runtime, receiver: Receiver) -> None:
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    happen(place, "escrow.released")
    run_job_now(place, "deliver_outbox", dry_run=True)
    assert receiver.got == []
    assert states(place) == []


def test_a_channel_sends_as_often_as_its_setting_says(
    sqlite_runtime: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_PATIENCE", 0.0)
    place = with_settings(sqlite_runtime, webhooks_per_minute=1)
    endpoint(place, receiver.url)
    happen(place, "escrow.released", "dispute.opened")
    run_job_now(place, "deliver_outbox")
    assert len(receiver.got) == 1
    assert [status for _, status, _ in states(place)] == ["delivered", "waiting"]


def test_each_event_is_on_the_stream_once(sqlite_url: str, tmp_path: Path) -> None:
    desk = Desk(sqlite_url, tmp_path / "redis-desk")
    desk.start_redis()
    place = build_runtime(settings_for(sqlite_url, tmp_path, redis_url=f"unix://{desk.socket}"))
    try:
        happen(place, "escrow.released", "escrow.refunded")
        run_job_now(place, "deliver_outbox")
        run_job_now(place, "deliver_outbox")
        rows: Any = place.redis.xrange(STREAM)
        said = [fields[b"type"] for _, fields in rows]
    finally:
        place.db.close()
        desk.stop()
    assert said == [b"escrow.released", b"escrow.refunded"]


def test_an_event_whose_messages_can_not_be_written_holds_up_nothing(
    runtime: Runtime,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = event_messages.write

    def broken(session: Any, events: Any, at: Any, settings: Any) -> int:
        if any(event.type == "a.bad" for event in events):
            raise KeyError("a bug in a text")
        return write(session, events, at, settings)

    monkeypatch.setattr(event_messages, "write", broken)
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    happen(place, "a.one", "a.bad", "a.two")
    run = run_job_now(place, "deliver_outbox")
    assert (run.status, run.succeeded) == ("succeeded", 3)
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["a.one", "a.bad", "a.two"]
