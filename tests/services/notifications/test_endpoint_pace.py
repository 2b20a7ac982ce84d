"""How an endpoint wants its webhooks: in batches, by parallel calls, at a pace of its own; and that it slows nobody."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE
from tests.support.outbox import change, come_due, deliveries, endpoint, endpoint_now, happen, send, spread, states
from tests.support.receivers import Receiver, place, receiver, serving, with_settings  # noqa: F401
from webapp import clock
from webapp.errors import Invalid
from webapp.jobs.periodic import deliver_outbox
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.models import Delivery
from webapp.runtime import Runtime
from webapp.services.notifications import delivery_queue
from webapp.services.notifications.delivery_queue import Failed, NotTried, Result, Sent
from webapp.services.webhooks import endpoints as webhook_endpoints
from webapp.services.webhooks.endpoints import Pace

LETTERS = ["a.one", "a.two", "a.three", "a.four", "a.five", "a.six", "a.seven"]


def paced(place: Runtime, url: str, **pace: Any) -> tuple[int, str]:
    made, secret = endpoint(place, url)
    set_pace(place, made.id, **pace)
    return made.id, secret


def set_pace(place: Runtime, number: int, **pace: Any) -> None:
    with place.db.transaction() as session:
        webhook_endpoints.set_pace(session, number, Pace(**pace), at=clock.now(), actor=DIVINE)


def kinds(receiver: Receiver) -> list[list[str]]:
    return [[each["type"] for each in json.loads(body)["events"]] for _, body in receiver.got]


def after(seconds: float) -> int:
    time.sleep(seconds)
    return 200


def noted(instants: list[float]) -> int:
    instants.append(time.monotonic())
    return 200


def refusing(receiver: Receiver, kind: str, status: int = 422) -> Callable[[int], int]:
    return lambda number: status if kind in receiver.got[-1][1] else 200


def test_a_batch_has_events_in_order_and_one_signature(place: Runtime, receiver: Receiver) -> None:
    _, secret = paced(place, receiver.url, batch_size=3)
    happen(place, *LETTERS)
    spread(place)
    send(place)
    assert kinds(receiver) == [LETTERS[:3], LETTERS[3:6], LETTERS[6:]]
    headers, body = receiver.got[0]
    first, last = json.loads(body)["events"][0], json.loads(body)["events"][-1]
    assert headers["webhook-id"] == f"{first['id']}-{last['id']}"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert (
        headers["webhook-signature"]
        == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    )
    assert {(status, attempts) for _, status, attempts in states(place)} == {("delivered", 1)}


def test_a_batch_that_fails_is_one_failure_and_comes_again(place: Runtime, receiver: Receiver) -> None:
    number, _ = paced(place, receiver.url, batch_size=3)
    receiver.answer = lambda number: 500 if number == 1 else 200
    happen(place, *LETTERS[:5])
    spread(place)
    send(place)
    assert [attempts for _, _, attempts in states(place)] == [1, 0, 0, 0, 0]
    assert endpoint_now(place, number).failures == 1
    come_due(place)
    send(place)
    assert kinds(receiver) == [LETTERS[:3], LETTERS[:3], LETTERS[3:5]]
    assert endpoint_now(place, number).failures == 0


def test_one_event_that_is_refused_is_found_in_its_batch_and_the_ones_before_it_arrive(
    place: Runtime, receiver: Receiver
) -> None:
    paced(place, receiver.url, batch_size=100)
    receiver.answer = refusing(receiver, "a.five")
    happen(place, *LETTERS)
    spread(place)
    send(place)
    assert states(place) == [
        *[(kind, "delivered", 1) for kind in LETTERS[:4]],
        ("a.five", "waiting", 1),
        ("a.six", "waiting", 0),
        ("a.seven", "waiting", 0),
    ]
    change(place, attempts=14)
    come_due(place)
    send(place)
    assert [status for _, status, _ in states(place)] == [*["delivered"] * 4, "dead", "delivered", "delivered"]


def test_parallel_calls_go_side_by_side_and_keep_the_order_of_one_thing(place: Runtime, receiver: Receiver) -> None:
    paced(place, receiver.url, parallel_calls=4)
    together, most, lock = [0], [0], threading.Lock()

    def answer(number: int) -> int:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        time.sleep(0.2)
        with lock:
            together[0] -= 1
        return 200

    receiver.answer = answer
    for _ in range(3):
        happen(place, *LETTERS[:4])
    spread(place)
    assert {each.lane for each in deliveries(place)} == {f"webhook-1-{part}" for part in range(4)}
    send(place)
    assert most[0] > 1
    assert most[0] <= 4
    of_two = [json.loads(body)["id"] for _, body in receiver.got if json.loads(body)["type"] == "a.two"]
    assert of_two == sorted(of_two, key=lambda name: int(name.removeprefix("evt_")))
    assert {status for _, status, _ in states(place)} == {"delivered"}


def test_what_waits_goes_to_the_lanes_that_the_endpoint_has_now(place: Runtime, receiver: Receiver) -> None:
    number, _ = paced(place, receiver.url)
    happen(place, *LETTERS[:3])
    spread(place)
    set_pace(place, number, parallel_calls=2)
    assert [each.lane for each in deliveries(place)] == ["webhook-1-1", "webhook-1-0", "webhook-1-1"]
    set_pace(place, number)
    assert {each.lane for each in deliveries(place)} == {"webhook-1"}


def test_removing_an_endpoint_cancels_what_waits_in_each_of_its_lanes(place: Runtime, receiver: Receiver) -> None:
    number, _ = paced(place, receiver.url, parallel_calls=3)
    happen(place, *LETTERS[:3])
    spread(place)
    with place.db.transaction() as session:
        webhook_endpoints.remove(session, number, at=clock.now(), actor=DIVINE)
    assert {status for _, status, _ in states(place)} == {"cancelled"}


def test_an_endpoint_is_called_as_often_as_it_may_be_and_others_go_on(place: Runtime, receiver: Receiver) -> None:
    paced(place, f"{receiver.url}/slow", calls_per_minute=1)
    paced(place, receiver.url)
    happen(place, *LETTERS[:3])
    spread(place)
    send(place)
    assert [status for _, status, _ in states(place, Delivery.endpoint_id == 1)] == ["delivered", "waiting", "waiting"]
    assert {status for _, status, _ in states(place, Delivery.endpoint_id == 2)} == {"delivered"}
    assert [attempts for _, _, attempts in states(place, Delivery.endpoint_id == 1)] == [1, 0, 0]


def test_a_slow_endpoint_slows_no_other(place: Runtime, receiver: Receiver) -> None:
    with serving(slow := Receiver()) as address:
        slow.answer = lambda number: after(1.0)
        paced(place, address, parallel_calls=8)
        paced(place, receiver.url)
        happen(place, *LETTERS * 2)
        spread(place)
        ended: list[float] = []
        receiver.answer = lambda number: noted(ended)
        began = time.monotonic()
        send(place)
        assert len(ended) == 14
        assert ended[-1] - began < (time.monotonic() - began) / 1.5


@pytest.mark.parametrize(
    "pace", [{"batch_size": 101}, {"batch_size": 0}, {"parallel_calls": 9}, {"calls_per_minute": -1}], ids=str
)
def test_a_pace_that_is_none_is_refused_at_its_field(place: Runtime, receiver: Receiver, pace: Any) -> None:
    number, _ = paced(place, receiver.url)
    with pytest.raises(Invalid) as refused:
        set_pace(place, number, **pace)
    assert set(refused.value.fields) == set(pace)


def test_what_arrived_is_written_down_by_one_statement(place: Runtime, receiver: Receiver) -> None:
    paced(place, receiver.url)
    happen(place, *LETTERS)
    spread(place)
    with place.db.transaction() as session:
        taken = delivery_queue.claim(session, clock.now(), timedelta(minutes=3), 5, in_a_row=20)
    with place.db.transaction() as session:
        asked: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert delivery_queue.settle(session, [(each, Sent(200)) for each in taken], clock.now()) == len(LETTERS)
        assert len([each for each in asked if each.startswith("UPDATE delivery")]) == 1
    assert {status for _, status, _ in states(place)} == {"delivered"}


@pytest.mark.parametrize("result", [Sent(200), Failed("No.", 500), NotTried()], ids=lambda each: type(each).__name__)
def test_what_another_took_over_is_not_written_down(place: Runtime, receiver: Receiver, result: Result) -> None:
    paced(place, receiver.url)
    happen(place, *LETTERS[:2])
    spread(place)
    with place.db.transaction() as session:
        taken = delivery_queue.claim(session, clock.now(), timedelta(minutes=3), 5, in_a_row=20)
    change(place, attempts=2)
    with place.db.transaction() as session:
        assert delivery_queue.settle(session, [(each, result) for each in taken], clock.now()) == 0
    assert {(status, attempts) for _, status, attempts in states(place)} == {("waiting", 2)}
    assert all(each.lease_until is not None for each in deliveries(place))


def test_what_providers_have_to_do_waits_behind_no_message(
    runtime: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, begun = with_settings(runtime), list[tuple[str, int]]()
    endpoint(place, receiver.url)
    receiver.answer = lambda number: after(0.3)
    happen(place, *LETTERS[:4])
    monkeypatch.setattr(deliver_outbox, "_MEANWHILE", 0.2)
    monkeypatch.setattr(deliver_outbox, "_instruct", lambda work: begun.append(("instructed", len(receiver.got))))
    run = run_job_now(place, "deliver_outbox")
    assert (run.status, run.succeeded) == ("succeeded", 4)
    assert begun[0] == ("instructed", 0)
    assert any(0 < sent < 4 for _, sent in begun), "while messages go out"


def test_no_message_waits_behind_what_providers_have_to_do(
    runtime: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    happen(place, *LETTERS[:2])
    spread(place)
    monkeypatch.setattr(deliver_outbox, "_FIRST", 0.01)
    there: list[int] = []

    def instruct(work: Any) -> None:
        ends = time.monotonic() + 20
        while len(receiver.got) < 2 and time.monotonic() < ends:
            time.sleep(0.02)
        there.append(len(receiver.got))

    monkeypatch.setattr(deliver_outbox, "_instruct", instruct)
    run = run_job_now(place, "deliver_outbox")
    assert (run.status, run.succeeded, there[0]) == ("succeeded", 2, 2)


def test_what_ends_the_sending_ends_the_run(
    runtime: Runtime, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    happen(place, "a.one")

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("it broke")

    monkeypatch.setattr(OutboxSender, "run", broken)
    run = run_job_now(place, "deliver_outbox")
    assert run.status == "failed"
    assert "it broke" in (run.error or "")
