"""What providers tell us: signed by the sandbox, posted to the desk, handled once."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree
from tests.support.sandbox import Sandbox, awaiting, begun, desk_with, sandbox, world  # noqa: F401
from webapp import clock, health_checks
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import process_webhooks
from webapp.models import IgnoredWebhookEvent, InboundWebhook, Payment, Run, Transfer, WebhookRefusal
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.settings import SANDBOX_KEYS, Keys
from webapp.sandbox.webhooks.signatures import SIGNERS
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.webhooks import inbox

JOB = "handle_webhooks"


@pytest.fixture
def runtime(world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with desk_with(world, database_url, tmp_path) as made:
        register_jobs(made)
        yield made


@pytest.fixture
def sqlite_desk(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with desk_with(world, sqlite_url, tmp_path) as made:
        register_jobs(made)
        yield made


def post(runtime: Runtime, provider: str, body: Any, signer: str | None = None, **headers: str) -> Any:
    """A webhook as the provider sends it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = SIGNERS[signer or provider](Keys(), raw, int(time.time())) | headers
    client = _served(runtime).test_client()
    return client.post(f"/webhooks/{provider}", data=raw, headers=signed, content_type="application/json")


_last: list[tuple[Runtime, Flask]] = []


def _served(runtime: Runtime) -> Flask:
    """The application over this desk: the same for all webhooks of a test."""
    if not _last or _last[0][0] is not runtime:
        _last[:] = [(runtime, create_app(runtime))]
    return _last[0][1]


def charge(reference: str | None, event: str = "charge.success", status: str = "success", **more: Any) -> Any:
    return {"event": event, "data": {"id": 302961, "reference": reference, "status": status} | more}


def webhooks(runtime: Runtime) -> list[tuple[str, int]]:
    with runtime.db.reading() as session:
        rows = session.execute(select(InboundWebhook.status, InboundWebhook.times).order_by(InboundWebhook.id))
        return [(status, times) for status, times in rows]


def counted(runtime: Runtime) -> list[int]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(IgnoredWebhookEvent.count)))


def paid(runtime: Runtime, world: Sandbox) -> tuple[int, int, str]:
    order, payment = awaiting(runtime)
    reference = begun(runtime, payment).reference or ""
    world.pay(reference)
    return order, payment, reference


def test_a_success_is_held_once_however_often_its_webhook_comes(runtime: Runtime, world: Sandbox) -> None:
    order, _, reference = paid(runtime, world)
    for _ in range(3):
        answer = post(runtime, "paystack", charge(reference))
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    finish(runtime)
    post(runtime, "paystack", charge(reference))

    assert webhooks(runtime) == [("handled", 4)]
    with runtime.db.reading() as session:
        assert orders.escrow_of(session, order).status == "held"
        assert session.scalar(select(func.count()).select_from(Transfer)) == 1
    all_books_agree(runtime)


def queued(runtime: Runtime) -> list[int]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Run.id).where(Run.job == JOB, Run.status == "queued")))


def finish(runtime: Runtime) -> None:
    """Carry out the runs that webhooks asked for."""
    for run_id in queued(runtime):
        run_here(runtime, run_id)


def test_a_webhook_asks_for_a_run_and_many_ask_for_one(runtime: Runtime, world: Sandbox) -> None:
    for number in range(4):
        post(runtime, "paystack", charge(f"nobody-{number}", id=number))

    assert len(queued(runtime)) == 1
    finish(runtime)
    assert webhooks(runtime) == [("ignored", 1)] * 4


def test_a_webhook_is_not_believed_when_the_provider_says_otherwise(runtime: Runtime, world: Sandbox) -> None:
    order, payment = awaiting(runtime)
    post(runtime, "paystack", charge(begun(runtime, payment).reference))
    finish(runtime)

    with runtime.db.reading() as session:
        assert payments.get(session, payment).status == "pending"
        assert orders.get(session, order).status == "awaiting_payment"


def test_a_late_success_is_kept_for_a_person(runtime: Runtime, world: Sandbox) -> None:
    _, payment, reference = paid(runtime, world)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(status="expired", next_check_at=None))
    post(runtime, "paystack", charge(reference))
    finish(runtime)

    with runtime.db.reading() as session:
        assert payments.get(session, payment).status == "needs_review"


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        ("paystack", {}),
        ("paystack", {"x-paystack-signature": "00"}),
        ("flutterwave", {"flutterwave-signature": "00"}),
        ("flutterwave", {"verif-hash": "guess"}),
        ("blnk", {"x-blnk-signature": "00", "x-blnk-timestamp": "1"}),
    ],
)
def test_what_is_not_signed_is_refused_counted_and_not_kept(
    sqlite_desk: Runtime, provider: str, headers: dict[str, str]
) -> None:
    client = create_app(sqlite_desk).test_client()
    for _ in range(2):
        answer = client.post(f"/webhooks/{provider}", data=b'{"event":"x"}', headers=headers)
        assert answer.status_code == 401
    assert webhooks(sqlite_desk) == []
    with sqlite_desk.db.reading() as session:
        assert session.execute(select(WebhookRefusal.provider, WebhookRefusal.count)).all() == [(provider, 2)]


def test_plain_signatures_of_flutterwave_are_counted_apart_and_named_by_the_doctor(sqlite_desk: Runtime) -> None:
    assert health_checks.signatures(sqlite_desk).verdict == "ok"
    client = create_app(sqlite_desk).test_client()
    headers = {"flutterwave-signature": SANDBOX_KEYS["FLUTTERWAVE_WEBHOOK_SECRET"]}
    for _ in range(2):
        assert client.post("/webhooks/flutterwave", data=b'{"type":"x"}', headers=headers).status_code == 401
    found = health_checks.signatures(sqlite_desk)
    assert (found.verdict, "2 webhooks" in found.found) == ("warning", True)
    assert "FLUTTERWAVE_WEBHOOK_PLAIN" in found.do


@pytest.mark.parametrize("signer", ["paystack", "flutterwave", "flutterwave_v3", "blnk"])
def test_each_providers_signature_is_known(sqlite_desk: Runtime, signer: str) -> None:
    provider = signer.removesuffix("_v3")
    body = {"event": "something.else", "type": "something.else", "id": "wbk_1", "data": {"id": 1}}
    assert post(sqlite_desk, provider, body, signer).status_code == 200


def test_an_old_timestamp_is_refused(sqlite_desk: Runtime) -> None:
    raw, stamp = b'{"event":"transaction.applied","data":{}}', str(int(time.time()) - 400)
    key = SANDBOX_KEYS["BLNK_WEBHOOK_SECRET"].encode()
    signature = hmac.new(key, stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {"X-Blnk-Signature": signature, "X-Blnk-Timestamp": stamp}
    answer = create_app(sqlite_desk).test_client().post("/webhooks/blnk", data=raw, headers=headers)
    assert (answer.status_code, answer.get_json()["detail"]) == (401, "Its timestamp is more than five minutes off.")


def test_without_a_secret_nothing_is_believed(world: Sandbox, sqlite_url: str, tmp_path: Path) -> None:
    with desk_with(world, sqlite_url, tmp_path, flutterwave_webhook_secret="") as runtime:
        assert post(runtime, "flutterwave", {"type": "x"}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"event":',
        b"\x00",
        b"\xff\xfe{}",
        b"[" * 5_000 + b"]" * 5_000,
        b'{"event":' + b"[" * 5_000,
        b"9" * 5_000,
    ],
)
def test_signed_rubbish_is_stored_and_shown_as_failed(runtime: Runtime, body: bytes) -> None:
    assert post(runtime, "paystack", body).status_code == 200
    assert post(runtime, "paystack", body).status_code == 200
    finish(runtime)

    assert webhooks(runtime) == [("failed", 2)]
    with runtime.db.reading() as session:
        assert "Its body is not" in (session.scalars(select(InboundWebhook.result)).one() or "")


ODD_PARTS = {
    "a half of a character": '"\\ud800"',
    "NUL": '"a\\u0000b"',
    "nested lists": "[" * 5_000 + "]" * 5_000,
    "nested objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "a bracket in a text": '"]]]}\\"[[["',
    "a number beyond every float": "1e999",
}


@pytest.mark.parametrize("odd", ODD_PARTS.values(), ids=ODD_PARTS.keys())
@pytest.mark.parametrize("place", ["data.message", "event", "data.id"])
def test_a_signed_webhook_with_odd_content_is_stored_and_handled(
    runtime: Runtime, world: Sandbox, odd: str, place: str
) -> None:
    _order, _, reference = paid(runtime, world)
    data = f'"reference": "{reference}", "status": "success"'
    body = {
        "data.message": f'{{"event": "charge.success", "data": {{"message": {odd}, {data}}}}}',
        "data.id": f'{{"event": "charge.success", "data": {{"id": {odd}, {data}}}}}',
        "event": f'{{"event": {odd}, "data": {{"id": 1, {data}}}}}',
    }[place]

    assert post(runtime, "paystack", body.encode()).status_code == 200
    assert post(runtime, "paystack", body.encode()).status_code == 200
    finish(runtime)

    assert (webhooks(runtime), counted(runtime)) == (([], [2]) if place == "event" else ([("handled", 2)], []))


def test_webhooks_whose_keys_had_to_be_mended_are_told_apart(runtime: Runtime) -> None:
    for half in ("\\ud800", "\\ud801", "\\u0000"):
        post(runtime, "paystack", f'{{"event": "charge.{half}", "data": {{"id": 1}}}}'.encode())
    assert len(webhooks(runtime)) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        b'{"event":"charge.success\x00"}',
        {"event": 7},
        {"event": "charge.success", "data": []},
        charge(None),
        charge("x" * 400),
    ],
)
def test_odd_but_readable_webhooks_end_as_ignored(sqlite_desk: Runtime, body: Any) -> None:
    assert post(sqlite_desk, "paystack", body).status_code == 200
    finish(sqlite_desk)
    assert (webhooks(sqlite_desk), counted(sqlite_desk)) in (([("ignored", 1)], []), ([], [1]))


def test_what_the_desk_does_nothing_with_is_counted_by_kind_with_a_sample(runtime: Runtime) -> None:
    for number in range(3):
        assert post(runtime, "paystack", {"event": "invoice.update", "data": {"id": number}}).status_code == 200
    assert post(runtime, "flutterwave", {"type": "invoice.update", "id": "w-1", "data": {}}).status_code == 200
    assert webhooks(runtime) == []
    with runtime.db.reading() as session:
        rows = session.scalars(select(IgnoredWebhookEvent).order_by(IgnoredWebhookEvent.count)).all()
        assert [(row.provider, row.event, row.count) for row in rows] == [
            ("flutterwave", "invoice.update", 1),
            ("paystack", "invoice.update", 3),
        ]
        assert json.loads(rows[1].body)["data"] == {"id": 2}, "the last one is the sample"
        assert session.scalars(select(Run.id).where(Run.job == "handle_webhooks")).all() == []


def test_too_large_a_body_is_refused(sqlite_desk: Runtime) -> None:
    assert post(sqlite_desk, "paystack", b'{"event":"' + b"x" * 300_000 + b'"}').status_code == 413


def test_while_the_provider_is_silent_it_waits_and_then_it_is_handled(runtime: Runtime, world: Sandbox) -> None:
    order, _, reference = paid(runtime, world)
    world.set_fault("verify", fault_modes.ERROR_500)
    post(runtime, "paystack", charge(reference))
    finish(runtime)
    assert webhooks(runtime) == [("received", 1)]
    world.clear_faults()
    with runtime.db.transaction() as session:
        session.execute(update(InboundWebhook).values(next_try_at=clock.now()))
    run_job_now(runtime, JOB)

    assert webhooks(runtime) == [("handled", 1)]
    with runtime.db.reading() as session:
        assert orders.escrow_of(session, order).status == "held"


def test_one_that_comes_with_other_words_while_it_is_handled_stays_open(
    runtime: Runtime, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, reference = paid(runtime, world)
    ask, heard = process_webhooks.ask, list[str]()

    def meanwhile(desk: Runtime, arrived: inbox.ClaimedWebhook) -> Any:
        answer = ask(desk, arrived)
        heard.append(webhooks(runtime)[0][0])
        if len(heard) == 1:
            post(runtime, "paystack", charge(reference, note="other words"))
            with runtime.db.transaction() as session:
                later = clock.now() + timedelta(minutes=5)
                session.execute(update(InboundWebhook).values(next_try_at=later))
        return answer

    monkeypatch.setattr(process_webhooks, "ask", meanwhile)
    post(runtime, "paystack", charge(reference))
    finish(runtime)
    assert (webhooks(runtime), len(heard)) == ([("received", 2)], 1)

    with runtime.db.transaction() as session:
        session.execute(update(InboundWebhook).values(next_try_at=clock.now()))
    run_job_now(runtime, JOB)
    assert (webhooks(runtime), len(heard)) == ([("handled", 2)], 2)


def test_after_twenty_tries_it_is_given_up_and_can_be_replayed(runtime: Runtime, world: Sandbox) -> None:
    _, _, reference = paid(runtime, world)
    world.set_fault("verify", fault_modes.ERROR_500)
    post(runtime, "paystack", charge(reference))
    with runtime.db.transaction() as session:
        session.execute(update(InboundWebhook).values(attempts=19))
    finish(runtime)
    assert webhooks(runtime) == [("failed", 1)]
    world.clear_faults()
    with runtime.db.transaction() as session:
        inbox.replay(session, 1, at=clock.now() - timedelta(seconds=1), actor=DIVINE)
    run_job_now(runtime, JOB)

    assert webhooks(runtime) == [("handled", 1)]
