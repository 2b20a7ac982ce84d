"""A provider is one package: Kudi stands beside these tests, and a desk that knows it uses it like any other."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.conftest import settings_for
from tests.providers import third
from tests.providers.third.kudi.stand_in import StandIn, serving
from tests.support.arguments import ByActorUnderSettings, UnderSettings
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, CHIKA, DIVINE, Market, all_books_agree
from tests.support.payouts import planned
from tests.support.people import add_people, send
from webapp import clock
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import start_checkout, verify_payments
from webapp.models import InboundWebhook, Payment, Payout, Refund, Run
from webapp.providers import catalogue
from webapp.runtime import Runtime, build_runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.common.settings_display import masked
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import payments
from webapp.settings import SettingsProblem

KEY = "kudi-key-of-the-tests"
OLD = timedelta(hours=25)


@pytest.fixture
def kudi(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The third provider is known and configured, and its stand-in answers."""
    monkeypatch.setattr(catalogue, "_FOUND", dict(catalogue._FOUND))
    monkeypatch.setattr(catalogue, "_WALKED", set(catalogue._WALKED))
    catalogue.load(third)
    with serving() as made:
        monkeypatch.setenv("KUDI_SECRET_KEY", KEY)
        monkeypatch.setenv("KUDI_URL", made.url)
        yield made


@pytest.fixture
def runtime(kudi: StandIn, database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database that has no other provider."""
    made = build_runtime(settings_for(database_url, tmp_path))
    register_jobs(made)
    yield made
    all_books_agree(made)
    made.db.close()


def begun(runtime: Runtime) -> Payment:
    """A payment whose checkout has begun there."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        buyer, seller = market.party("buyer"), market.party("seller")
        buyer.email = "buyer@example.com"
        now: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": runtime.settings}
        before: ByActorUnderSettings = {**now, "at": clock.now() - OLD}
        order = orders.create(session, NewOrder(f"unpaid-{buyer.id}", buyer.id, seller.id, 10_000, "NGN"), **now)
        number = payments.create(session, order.id, "kudi", **before).id
    return start_checkout.begin(runtime, number, DIVINE)


def told(runtime: Runtime, reference: str | None, key: str = KEY) -> int:
    """It tells of a payment, signed with this key; the status of the answer."""
    raw = json.dumps({"event": "payment.done", "about": "payment", "reference": reference}).encode()
    headers = {"Kudi-Signature": hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()}
    client = create_app(runtime).test_client()
    return client.post("/webhooks/kudi", data=raw, headers=headers, content_type="application/json").status_code


def handled(runtime: Runtime) -> None:
    """The run that a webhook asked for is carried out."""
    with runtime.db.reading() as session:
        run = session.scalars(select(Run.id).where(Run.job == "handle_webhooks")).one()
    run_here(runtime, run)


def paid(runtime: Runtime, kudi: StandIn) -> Payment:
    """A payment that its payer has made, as its webhook told."""
    payment = begun(runtime)
    kudi.pay(payment.reference or "")
    assert told(runtime, payment.reference) == 200
    handled(runtime)
    with runtime.db.reading() as session:
        return payments.get(session, payment.id)


def test_a_payment_is_collected_and_asked_about(runtime: Runtime, kudi: StandIn) -> None:
    payment = begun(runtime)
    assert payment.checkout_url == f"{kudi.url}/pay"
    assert verify_payments.verify_now(runtime, payment.id, DIVINE).status == "pending"
    kudi.pay(payment.reference or "")
    assert verify_payments.verify_now(runtime, payment.id, DIVINE).status == "succeeded"


def test_a_signed_webhook_settles_a_payment_and_one_that_is_signed_wrongly_is_refused(
    runtime: Runtime, kudi: StandIn
) -> None:
    payment = begun(runtime)
    kudi.pay(payment.reference or "")
    assert told(runtime, payment.reference, "another-key") == 401
    with runtime.db.reading() as session:
        assert session.scalars(select(InboundWebhook)).all() == []
    assert told(runtime, payment.reference) == 200
    handled(runtime)
    with runtime.db.reading() as session:
        assert payments.get(session, payment.id).status == "succeeded"
        assert [row.status for row in session.scalars(select(InboundWebhook))] == ["handled"]


def test_a_refund_goes_back_through_it(runtime: Runtime, kudi: StandIn) -> None:
    payment = paid(runtime, kudi)
    with runtime.db.transaction() as session:
        escrow = orders.escrow_of(session, payment.order_id)
        how: UnderSettings = {"at": clock.now(), "settings": runtime.settings}
        made = escrow_decisions.refund(session, escrow.id, "Nothing came.", version=escrow.version, actor=AMINA, **how)
        if made.approval is not None:
            approvals.approve(session, made.approval.id, actor=CHIKA, **how)
    for _ in range(2):
        with runtime.db.transaction() as session:
            session.execute(update(Refund).where(Refund.next_try_at.is_not(None)).values(next_try_at=clock.now()))
        run_job_now(runtime, "deliver_outbox")
    assert [(row["payment"], row["amount"]) for row in kudi.rows["refunds"].values()] == [(payment.reference, 10_000)]
    with runtime.db.reading() as session:
        assert session.scalars(select(Refund.status)).all() == ["processed"]


def test_a_payout_is_sent_once(runtime: Runtime, kudi: StandIn) -> None:
    planned(runtime)
    for _ in range(3):
        run_job_now(runtime, "process_payout_schedules")
        with runtime.db.transaction() as session:
            session.execute(update(Payout).where(Payout.next_try_at.is_not(None)).values(next_try_at=clock.now()))
    assert [row["amount"] for row in kudi.rows["payouts"].values()] == [4_000]
    with runtime.db.reading() as session:
        assert session.execute(select(Payout.provider, Payout.status)).all() == [("kudi", "succeeded")]


def test_pages_settings_and_the_description_of_the_api_list_it(kudi: StandIn, sqlite_url: str, tmp_path: Path) -> None:
    runtime = build_runtime(settings_for(sqlite_url, tmp_path))
    add_people(runtime)
    client = create_app(runtime).test_client()
    send(client, "/sign-in", email="admin@desk.example", password="seven quiet herons")
    assert 'id="provider-kudi"' in client.get("/providers/").text
    for page in ("/payments/", "/payouts/"):
        assert '<option value="kudi"' in client.get(page).text, page
    assert '<option value="kudi-payouts"' in client.get("/reconciliation/").text
    described = client.get("/api/openapi.json").get_json()["paths"]["/webhooks/kudi"]["post"]
    assert [each["name"] for each in described["parameters"]] == ["kudi-signature"]
    found = masked(runtime.settings)
    assert (found["KUDI_SECRET_KEY"], found["KUDI_URL"]) == ("***", kudi.url)
    page = client.get("/settings/").text
    assert ("KUDI_SECRET_KEY" in page, KEY in page) == (True, False)
    runtime.db.close()


def test_without_its_key_it_is_off_and_payouts_say_what_to_set(
    kudi: StandIn, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUDI_SECRET_KEY")
    assert "kudi" not in runtime.providers.clients
    assert told(runtime, "pay-none") == 401
    assert "PAYSTACK_SECRET_KEY or KUDI_SECRET_KEY" in (run_job_now(runtime, "process_payout_schedules").error or "")


def test_a_wrong_setting_of_its_own_stops_the_desk_and_is_named(
    kudi: StandIn, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUDI_CALLS_PER_MINUTE", "0")
    with pytest.raises(SettingsProblem, match="KUDI_CALLS_PER_MINUTE: "):
        build_runtime(settings_for(sqlite_url, tmp_path))


def test_a_desk_that_does_not_load_it_does_not_know_it(sqlite_runtime: Runtime) -> None:
    assert "kudi" not in [each.name for each in catalogue.every()]
    assert told(sqlite_runtime, "pay-none") == 404
