"""Webhooks go out signed, in order, and again until they arrive or are dead."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from tests.races.together import at_once
from tests.support.market import DIVINE
from tests.support.outbox import change, come_due, deliveries, endpoint, endpoint_now, happen, send, spread, states
from tests.support.read_back import unresolved_alerts
from tests.support.receivers import Receiver
from webapp import clock
from webapp.domain.outbox.delivery_rules import HELD_AFTER, LONGEST_WAIT, PROBE_WAIT, wait_before
from webapp.errors import Invalid
from webapp.models import Delivery, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services.alerts import registry as alert_registry
from webapp.services.notifications import delivery_queue
from webapp.services.webhooks import endpoints as webhook_endpoints

LEASE = timedelta(minutes=3)


def test_a_webhook_arrives_signed(place: Runtime, receiver: Receiver) -> None:
    _, secret = endpoint(place, receiver.url)
    happen(place, "escrow.released")
    spread(place)
    send(place)

    ((headers, body),) = receiver.got
    (delivery,) = deliveries(place)
    assert headers["webhook-id"] == f"evt_{delivery.event_id}" == json.loads(body)["id"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    proof = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{proof}"
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 10
    assert (delivery.status, delivery.attempts, delivery.response_status) == ("delivered", 1, 200)


def is_proven(got: tuple[dict[str, str], str], secret: str) -> bool:
    """As docs/webhooks.md tells receivers to check."""
    headers, body = got
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body.encode()
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split())


@pytest.mark.parametrize(("ago", "keep", "signs"), [(0, 24, True), (23, 24, True), (25, 24, False), (0, 0, False)])
def test_a_former_secret_signs_too_for_as_long_as_it_was_to(
    place: Runtime, receiver: Receiver, ago: int, keep: int, signs: bool
) -> None:
    made, former = endpoint(place, receiver.url)
    at = clock.now() - timedelta(hours=ago)
    with place.db.transaction() as session:
        _, present = webhook_endpoints.roll_secret(
            session, made.id, keep=timedelta(hours=keep), at=at, actor=DIVINE, settings=place.settings
        )
    happen(place, "escrow.released")
    spread(place)
    send(place)
    [got] = receiver.got
    assert (is_proven(got, present), is_proven(got, former)) == (True, signs)
    assert len(got[0]["webhook-signature"].split()) == (2 if signs else 1)


def test_a_former_secret_is_kept_for_a_week_at_most(place: Runtime, receiver: Receiver) -> None:
    made, _ = endpoint(place, receiver.url)
    for keep in (timedelta(days=7, seconds=1), timedelta(seconds=-1)):
        with place.db.transaction() as session, pytest.raises(Invalid, match="for a week at most"):
            webhook_endpoints.roll_secret(
                session, made.id, keep=keep, at=clock.now(), actor=DIVINE, settings=place.settings
            )


def test_a_failure_is_tried_again_under_the_same_id_and_keeps_the_order(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    receiver.answer = lambda number: 500 if number == 1 else 200
    happen(place, "a.one", "a.two", "a.three")
    spread(place)
    send(place)
    assert states(place) == [("a.one", "waiting", 1), ("a.two", "waiting", 0), ("a.three", "waiting", 0)]
    assert deliveries(place)[0].last_error == "It answered 500: said"

    come_due(place)
    send(place)

    assert [json.loads(body)["type"] for _, body in receiver.got] == ["a.one", "a.one", "a.two", "a.three"]
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert states(place) == [("a.one", "delivered", 2), ("a.two", "delivered", 1), ("a.three", "delivered", 1)]


def test_a_dead_one_lets_its_lane_go_on(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    receiver.answer = lambda number: 400 if number == 1 else 200
    happen(place, "a.one", "a.two")
    spread(place)
    change(place, attempts=14)
    send(place)
    assert states(place) == [("a.one", "dead", 15), ("a.two", "delivered", 15)]


def test_lanes_do_not_wait_for_each_other(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, "http://127.0.0.1:9/nobody")
    endpoint(place, receiver.url)
    happen(place, "a.one", "a.two")
    spread(place)
    send(place)
    assert len(receiver.got) == 2
    assert {each.last_error for each in deliveries(place, Delivery.attempts == 1, Delivery.status == "waiting")} == {
        "It can't be reached."
    }


def test_the_receiver_says_when_it_wants_to_be_asked_again(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    receiver.answer, receiver.headers = (lambda number: 429), {"Retry-After": "3600"}
    happen(place, "a.one")
    spread(place)
    send(place)
    assert deliveries(place)[0].next_try_at > clock.now() + timedelta(minutes=59)


def test_gone_pauses_the_endpoint(place: Runtime, receiver: Receiver) -> None:
    made, _ = endpoint(place, receiver.url)
    receiver.answer = lambda number: 410
    happen(place, "a.one", "a.two")
    spread(place)
    send(place)
    come_due(place)
    send(place)

    assert len(receiver.got) == 1
    assert endpoint_now(place, made.id).pause_reason == "It answered 410 Gone."
    with place.db.reading() as session:
        assert [alert.rule for alert in unresolved_alerts(session)] == ["endpoint_paused"]


@pytest.mark.parametrize("changes", [{"failures": 3, "failing_since": timedelta(hours=-24)}])
def test_an_endpoint_that_fails_for_long_is_paused_and_resumed_by_a_person(
    place: Runtime, receiver: Receiver, changes: dict[str, object]
) -> None:
    made, _ = endpoint(place, receiver.url)
    receiver.answer = lambda number: 500
    happen(place, "a.one", "a.two")
    spread(place)
    with place.db.transaction() as session:
        ill = session.get_one(WebhookEndpoint, made.id)
        for name, value in changes.items():
            setattr(ill, name, clock.now() + value if isinstance(value, timedelta) else value)
    send(place)
    assert "The last time: It answered 500" in (endpoint_now(place, made.id).pause_reason or "")

    receiver.answer = lambda number: 200
    with place.db.transaction() as session:
        webhook_endpoints.resume(session, made.id, at=clock.now(), actor=DIVINE)
        assert unresolved_alerts(session) == []
    send(place)
    assert states(place) == [("a.one", "delivered", 2), ("a.two", "delivered", 1)]
    assert endpoint_now(place, made.id).failures == 0


def test_a_process_killed_before_it_settled_sends_again_under_the_same_id(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    happen(place, "a.one", "a.two")
    spread(place)
    with place.db.transaction() as session:
        (delivery,) = delivery_queue.claim(session, clock.now(), LEASE, 10)
    send(place)
    assert receiver.got == []

    change(place, lease_until=clock.now() - timedelta(seconds=1))
    send(place)
    with place.db.transaction() as session:
        late = delivery_queue.settle(session, [(delivery, delivery_queue.Failed("Too late."))], clock.now())

    assert late == 0
    assert receiver.got[0][0]["webhook-id"] == delivery.message_id
    assert states(place) == [("a.one", "delivered", 2), ("a.two", "delivered", 1)]


def test_of_several_that_take_at_once_each_delivery_goes_to_one(pg_runtime: Runtime) -> None:
    for _ in range(12):
        endpoint(pg_runtime, "http://93.184.215.14/hook")
    happen(pg_runtime, "a.one", "a.two")
    spread(pg_runtime)
    taken = at_once(pg_runtime, [lambda session: delivery_queue.claim(session, clock.now(), LEASE, 5)] * 4)

    ids = [delivery.id for batch in taken for delivery in batch]
    assert len(ids) == len(set(ids))
    assert {delivery.kind for batch in taken for delivery in batch} == {"a.one"}


def test_waits_grow_and_never_pass_the_longest() -> None:
    assert all(wait_before("email", attempt) <= LONGEST_WAIT for attempt in range(1, 20))
    assert wait_before("email", 1) <= timedelta(seconds=30)
    assert all(wait_before("webhook", attempt) <= PROBE_WAIT for attempt in range(1, 1_000))


def test_a_test_message_goes_to_the_one_endpoint(place: Runtime, receiver: Receiver) -> None:
    made, _ = endpoint(place, receiver.url, "escrow.*")
    with place.db.transaction() as session:
        webhook_endpoints.test(session, made.id, at=clock.now(), actor=DIVINE)
    send(place)
    ((headers, body),) = receiver.got
    assert json.loads(body)["type"] == "webhook.test"
    assert headers["webhook-id"] == json.loads(body)["id"]


def test_many_for_one_endpoint_go_in_a_row_and_stop_at_the_first_that_fails(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    receiver.answer = lambda number: 503 if number == 4 else 200
    happen(place, *[f"a.n{number}" for number in range(50)])
    spread(place)
    send(place)
    assert [attempts for _, _, attempts in states(place)] == [1, 1, 1, 1] + [0] * 46
    come_due(place)
    send(place)
    said = [json.loads(body)["type"] for _, body in receiver.got]
    assert said == [f"a.n{number}" for number in [0, 1, 2, 3, *range(3, 50)]]
    assert {status for _, status, _ in states(place)} == {"delivered"}


def test_sending_takes_no_more_when_its_time_is_over(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    happen(place, "a.one")
    spread(place)
    send(place, seconds=0.0)
    assert receiver.got == []
    send(place)
    assert len(receiver.got) == 1


def test_a_well_endpoint_gets_its_backlog_within_a_minute(place: Runtime, receiver: Receiver) -> None:
    """However often its oldest failed, and however many wait behind it."""
    made, _ = endpoint(place, receiver.url)
    happen(place, *[f"a.n{number}" for number in range(60)])
    spread(place)
    receiver.answer = lambda number: 503
    for _ in range(20):
        at = clock.now()
        send(place)
        assert deliveries(place)[0].next_try_at <= clock.now() + timedelta(seconds=60)
        assert deliveries(place)[0].next_try_at >= at
        come_due(place)
    assert states(place)[0] == ("a.n0", "waiting", 20)
    assert endpoint_now(place, made.id).paused_at is None
    receiver.answer = lambda number: 200
    send(place)

    assert {status for _, status, _ in states(place)} == {"delivered"}
    assert [json.loads(body)["type"] for _, body in receiver.got[20:]] == [f"a.n{number}" for number in range(60)]


def test_people_are_told_while_an_endpoint_is_held(place: Runtime, receiver: Receiver) -> None:
    made, _ = endpoint(place, receiver.url)
    happen(place, "a.one", "a.two")
    spread(place)
    receiver.answer = lambda number: 500
    told = []
    for _ in range(HELD_AFTER):
        told.append(held(place))
        come_due(place)
        send(place)
    assert told == [[]] * HELD_AFTER
    [(subject, sentence)] = held(place)
    assert subject == str(made.id)
    assert "It answered 500" in sentence
    receiver.answer = lambda number: 200
    come_due(place)
    send(place)
    assert held(place) == []


def held(place: Runtime) -> list[tuple[str, str]]:
    with place.db.reading() as session:
        found = alert_registry.rules()["endpoint_held"].question(session, clock.now(), place.settings)
        return [(subject, sentence) for subject, sentence, *_causes in found]


@pytest.mark.parametrize(("answer", "status"), [(400, "dead"), (422, "dead"), (404, "waiting"), (500, "waiting")])
def test_only_what_refuses_the_delivery_gives_it_up(
    place: Runtime, receiver: Receiver, answer: int, status: str
) -> None:
    endpoint(place, receiver.url)
    receiver.answer = lambda number: answer
    happen(place, "a.one")
    spread(place)
    change(place, attempts=14)
    send(place)
    assert states(place) == [("a.one", status, 15)]


def test_what_a_killed_process_had_in_hand_comes_back_together(place: Runtime, receiver: Receiver) -> None:
    endpoint(place, receiver.url)
    happen(place, *[f"a.n{number}" for number in range(30)])
    spread(place)
    with place.db.transaction() as session:
        dead = delivery_queue.claim(session, clock.now(), LEASE, 10, in_a_row=20)
    with place.db.transaction() as session:
        assert delivery_queue.claim(session, clock.now(), LEASE, 10, in_a_row=20) == []
        found = delivery_queue.claim(session, clock.now() + LEASE, LEASE, 10, in_a_row=20)
    assert [each.id for each in found] == [each.id for each in dead]
    assert {each.attempt for each in found} == {2}


@pytest.mark.parametrize("end", ["paused_at", "removed_at"])
def test_a_paused_or_removed_endpoint_is_sent_nothing(place: Runtime, receiver: Receiver, end: str) -> None:
    made, _ = endpoint(place, receiver.url)
    happen(place, "a.one")
    spread(place)
    with place.db.transaction() as session:
        setattr(session.get_one(WebhookEndpoint, made.id), end, clock.now())
    send(place)
    assert receiver.got == []
    assert states(place) == [("a.one", "waiting", 0)]
