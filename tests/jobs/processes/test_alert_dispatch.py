"""Alerts are told once when they fire and once when they are over, by any process that lives."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.races.together import at_once
from tests.support.market import DIVINE
from tests.support.outbox import deliveries, states
from tests.support.read_back import unresolved_alerts
from tests.support.receivers import Letters, Receiver, with_settings
from webapp import clock
from webapp.domain.alert_definitions import PAYOUT_FAILED, Fact, Severity
from webapp.errors import Conflict
from webapp.jobs.processes import alert_dispatch, database_outage
from webapp.jobs.processes.alert_dispatch import AlertDispatcher, beat, send_alerts
from webapp.models import Alert, Delivery, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.notifications import delivery_queue
from webapp.services.notifications.messages import alert_messages
from webapp.services.scheduling import processes


def fire(runtime: Runtime, at: datetime | None = None, severity: Severity = "page") -> int:
    with runtime.db.transaction() as session:
        alerts.fire(session, Fact("silent", severity, "-"), "worker", "No worker has been heard of.", at or clock.now())
        return unresolved_alerts(session)[0].id


@pytest.fixture
def told(runtime: Runtime, receiver: Receiver, letters: Letters) -> Runtime:
    """A desk whose alerts go to a chat and by email."""
    url = receiver.url.replace("http://", "json://")
    return with_settings(runtime, alert_urls=[url], alert_emails=["ops@desk.example"], smtp_url=letters.url)


def test_an_alert_is_told_once_when_it_fires_and_once_when_it_is_over(
    told: Runtime, receiver: Receiver, letters: Letters
) -> None:
    fire(told)
    send_alerts(told)
    send_alerts(told)
    fire(told)
    send_alerts(told)
    assert len(receiver.got) == len(letters.got) == 1
    message = json.loads(receiver.got[0][1])["message"]
    assert "No worker has been heard of." in message
    with told.db.reading() as session:
        [alert] = session.scalars(select(Alert.id)).all()
    assert all(f"/alerts/{alert}" in each for each in (message, letters.got[0][1]))

    with told.db.transaction() as session:
        alerts.resolve(session, "silent", "worker", clock.now())
    send_alerts(told)
    send_alerts(told)
    assert len(receiver.got) == len(letters.got) == 2
    assert "Resolved: silent: worker" in letters.got[1][1]


def test_what_was_sent_while_the_database_was_busy_is_settled_when_it_is_not(
    told: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settlement that gave up at once left it to the lease: three minutes later it was said a second time."""
    fire(told)
    busy = iter([OperationalError("UPDATE delivery", {}, Exception("database is locked"))] * 2)
    settle = delivery_queue.settle

    def settle_or_not(*args: Any) -> int:
        if (problem := next(busy, None)) is not None:
            raise problem
        return settle(*args)

    monkeypatch.setattr(delivery_queue, "settle", settle_or_not)
    send_alerts(told)
    assert len(receiver.got) == 1
    assert {state for _, state, _ in states(told)} == {"delivered"}


def test_an_alert_that_fires_again_is_told_again(told: Runtime, receiver: Receiver) -> None:
    for sentence in ("It failed.", "It failed.", "It came back after it was paid."):
        with told.db.transaction() as session:
            alerts.fire(session, PAYOUT_FAILED, "payout 7", sentence, clock.now())
        send_alerts(told)
    assert [json.loads(body)["message"].count("came back") for _, body in receiver.got] == [0, 1]


def test_an_alert_of_which_a_webhook_told_first_is_told_to_people_too(told: Runtime, receiver: Receiver) -> None:
    alert_id = fire(told)
    with told.db.transaction() as session:
        endpoint = WebhookEndpoint(
            url="https://shop.example/hook", description="shop", events=["alert.firing"], secret_encrypted="x",
            created_at=clock.now(), created_by="Divine",
        )  # fmt: skip
        session.add(endpoint)
        session.flush()
        session.add(
            Delivery(
                key="hook", channel="webhook", lane="w", endpoint_id=endpoint.id, kind="alert.firing",
                subject_kind="alert", subject_id=alert_id, recipient="shop", body="{}", status="delivered", attempts=1,
                next_try_at=clock.now(), created_at=clock.now(),
            )
        )  # fmt: skip
    send_alerts(told)
    assert len(receiver.got) == 1


def test_a_silenced_alert_is_told_when_its_silence_is_over(told: Runtime, receiver: Receiver) -> None:
    alert_id = fire(told)
    with told.db.transaction() as session:
        alerts.silence(session, alert_id, clock.now() + timedelta(hours=1), actor=DIVINE, at=clock.now())
    send_alerts(told)
    assert receiver.got == []

    with told.db.transaction() as session:
        alerts.unsilence(session, alert_id, actor=DIVINE, at=clock.now())
    send_alerts(told)
    assert len(receiver.got) == 1
    with told.db.transaction() as session, pytest.raises(Conflict):
        alerts.unsilence(session, alert_id, actor=DIVINE, at=clock.now())


def test_what_somebody_sees_to_already_is_not_told(told: Runtime, receiver: Receiver) -> None:
    alert_id = fire(told)
    with told.db.transaction() as session:
        alerts.acknowledge(session, alert_id, actor=DIVINE, at=clock.now())
    send_alerts(told)
    assert receiver.got == []


def test_two_that_tell_at_once_write_one_message(pg_runtime: Runtime) -> None:
    place = with_settings(pg_runtime, alert_urls=["json://chat.example/"])
    fire(place)
    at_once(place, [lambda session: alert_messages.write(session, clock.now(), place.settings)] * 4)
    assert len(deliveries(place, Delivery.kind == "alert.firing")) == 1


def test_an_alert_does_not_wait_behind_other_messages(told: Runtime, receiver: Receiver) -> None:
    now = clock.now()
    fire(told)
    with told.db.transaction() as session:
        alert_messages.write(session, now, told.settings)
        lane = session.query(Delivery.lane).filter_by(channel="chat").one()[0].removeprefix("alert-")
        session.add(
            Delivery(
                key="other",
                channel="chat",
                lane=lane,
                kind="staff.dispute.opened",
                subject_kind="dispute",
                subject_id=1,
                body="",
                status="waiting",
                next_try_at=now,
                created_at=now,
            )
        )
    send_alerts(told)
    assert len(receiver.got) == 1
    assert states(told, Delivery.key == "other") == [("staff.dispute.opened", "waiting", 0)]


def test_a_worker_judges_and_tells_when_no_scheduler_lives(told: Runtime, receiver: Receiver) -> None:
    with told.db.transaction() as session:
        processes.beat(session, processes.WORKER, clock.now())
    AlertDispatcher(told, processes.WORKER).check()
    said = [json.loads(body)["title"] for _, body in receiver.got]
    assert "Urgent: silent: scheduler" in said


def test_a_worker_leaves_judging_to_a_scheduler_that_lives(told: Runtime, receiver: Receiver) -> None:
    with told.db.transaction() as session:
        processes.beat(session, processes.SCHEDULER, clock.now())
    AlertDispatcher(told, processes.WORKER).check()
    assert receiver.got == []


def test_the_monitor_is_told_only_while_all_is_well(runtime: Runtime, receiver: Receiver) -> None:
    receiver_get = receiver.url
    place = with_settings(runtime, heartbeat_url=receiver_get)
    assert not beat(place)
    with place.db.transaction() as session:
        processes.beat(session, processes.WORKER, clock.now())
    assert beat(place)
    fire(place, severity="warn")
    assert beat(place)
    with place.db.transaction() as session:
        session.query(Alert).update({"severity": "page"})
    assert not beat(place)
    assert len(receiver.got) == 2


def test_an_outage_of_the_database_is_said_once_and_so_is_its_end(
    told: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, ConnectionError("away"))

    monkeypatch.setattr(database_outage, "PATIENCE", 0.0)
    post = AlertDispatcher(told, processes.SCHEDULER)
    with monkeypatch.context() as broken:
        broken.setattr(alert_dispatch, "send_alerts", away)
        broken.setattr(alert_dispatch, "beat", away)
        post.check()
        post.check()
    post.check()
    assert [json.loads(body)["title"] for _, body in receiver.got] == [
        "Urgent: the database does not answer",
        "Resolved: the database answers again",
    ]
