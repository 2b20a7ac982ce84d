"""A whole desk in front of Flutterwave, both versions: several attempts under one reference, and what is given back."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support.arguments import UnderSettings
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, CHIKA, DIVINE, all_books_agree, wallet
from tests.support.sandbox import Sandbox, awaiting, begun, desk_with, world  # noqa: F401
from webapp import clock
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import verify_payments
from webapp.models import Alert, Discrepancy, Order, Payment, Reconciliation, Refund, Run
from webapp.runtime import Runtime
from webapp.sandbox.core.settings import Keys
from webapp.sandbox.webhooks.signatures import SIGNERS
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.orders import orders
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments

WHY = "They paid twice."


@pytest.fixture(params=["v3", "v4"])
def runtime(request: pytest.FixtureRequest, world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    keys = {"flutterwave_client_id": "", "flutterwave_client_secret": ""} if request.param == "v3" else {}
    with desk_with(world, sqlite_url, tmp_path, **keys) as made:
        register_jobs(made)
        yield made
        all_books_agree(made)


@pytest.fixture
def payment(runtime: Runtime) -> Payment:
    """One that its payer can pay at a page."""
    _, number = awaiting(runtime)
    with runtime.db.transaction() as session:
        now = {"provider": "flutterwave", "created_at": clock.now(), "next_check_at": clock.now()}
        session.execute(update(Payment).where(Payment.id == number).values(**now))
    return begun(runtime, number)


def tries(world: Sandbox, payment: Payment, *outcomes: str) -> list[int]:
    """The payer tries so; the numbers of the transactions there."""
    path = f"pay/flutterwave/{payment.reference}"
    return [world.control(path, {"outcome": outcome, "webhook": False})["number"] for outcome in outcomes]


def asked(runtime: Runtime, payment: Payment) -> Payment:
    return verify_payments.verify_now(runtime, payment.id, DIVINE)


def besides(runtime: Runtime) -> list[Payment]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Payment).where(Payment.duplicate_of_id.is_not(None))))


def told(world: Sandbox, runtime: Runtime, payment: Payment) -> None:
    """The payer pays once more, and Flutterwave tells of it."""
    world.control(f"pay/flutterwave/{payment.reference}", {"outcome": "success"})
    while not (sent := world.control("webhooks?provider=flutterwave", method="GET")):
        time.sleep(0.02)
    raw = sent[-1]["body"].encode()
    flat = "txRef" in json.loads(raw)
    headers = SIGNERS["flutterwave_v3" if flat else "flutterwave"](Keys(), raw, int(time.time()))
    client = create_app(runtime).test_client()
    answer = client.post("/webhooks/flutterwave", data=raw, headers=headers, content_type="application/json")
    assert answer.status_code == 200, answer.text


def test_a_failed_attempt_leaves_the_order_payable_and_the_next_pays_it(
    runtime: Runtime, world: Sandbox, payment: Payment
) -> None:
    tries(world, payment, "failed")
    waiting = asked(runtime, payment)
    assert (waiting.status, "may try again until" in (waiting.status_detail or "")) == ("pending", True)
    with runtime.db.reading() as session:
        assert orders.get(session, payment.order_id).status == "awaiting_payment"
    tries(world, payment, "success")
    assert asked(runtime, payment).status == "succeeded"


def test_a_failed_attempt_fails_the_payment_when_its_page_is_over(
    runtime: Runtime, world: Sandbox, payment: Payment
) -> None:
    tries(world, payment, "failed")
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(created_at=clock.now() - timedelta(minutes=1441)))
    assert asked(runtime, payment).status == "failed"


def test_a_second_success_is_found_by_its_webhook(runtime: Runtime, world: Sandbox, payment: Payment) -> None:
    [first] = tries(world, payment, "success")
    assert asked(runtime, payment).provider_id in (str(first), f"chg_{first}")
    told(world, runtime, payment)
    with runtime.db.reading() as session:
        asked_for = session.scalars(select(Run.id).where(Run.job == "handle_webhooks")).one()
    run_here(runtime, asked_for)
    [second] = besides(runtime)
    assert (second.status, second.duplicate_of_id) == ("needs_review", payment.id)


def test_two_successes_before_anybody_asked_are_both_found(runtime: Runtime, world: Sandbox, payment: Payment) -> None:
    tries(world, payment, "success")
    told(world, runtime, payment)
    with runtime.db.reading() as session:
        run_here(runtime, session.scalars(select(Run.id).where(Run.job == "handle_webhooks")).one())
    assert [each.status for each in besides(runtime)] == ["needs_review"]


def test_a_second_success_is_found_by_the_hourly_comparison_and_strangers_end_nothing(
    runtime: Runtime, world: Sandbox, payment: Payment
) -> None:
    tries(world, payment, "success")
    asked(runtime, payment)
    tries(world, payment, "success")
    assert run_job_now(runtime, "verify_books").status == "succeeded"
    assert [each.duplicate_of_id for each in besides(runtime)] == [payment.id]
    with runtime.db.reading() as session:
        mine = Reconciliation.source.like("flutterwave%")
        compared = session.scalars(select(Reconciliation).where(mine)).all()
        assert [each.error for each in compared] == [None, None]
        assert sum(each.skipped for each in compared) == (1 if payment.checkout_url and _is_v4(runtime) else 2)
        assert session.scalars(select(Discrepancy.reference)).all() == []


def _is_v4(runtime: Runtime) -> bool:
    return bool(runtime.settings.flutterwave_client_id)


def decided(runtime: Runtime, payment: Payment, action: str) -> None:
    settings = runtime.settings
    with runtime.db.transaction() as session:
        version = payments.get(session, payment.id).version
        how: UnderSettings = {"at": clock.now(), "settings": settings}
        made = payment_decisions.decide(
            session, f"payment.{action}", payment.id, WHY, version=version, actor=AMINA, **how
        )
        if made.approval is not None:
            approvals.approve(session, made.approval.id, actor=CHIKA, **how)


def refunds_there(world: Sandbox) -> list[tuple[str, int]]:
    """Of which transaction how much went back there."""
    books = world.control("store", method="GET")
    rows = [*books.get("flutterwave.refund", []), *books.get("flutterwave.charge_refund", [])]
    return [(str(row.get("transaction") or row["charge"]), row["amount"]) for row in rows]


def given_back(runtime: Runtime) -> None:
    for _ in range(3):
        with runtime.db.transaction() as session:
            session.execute(update(Refund).where(Refund.next_try_at.is_not(None)).values(next_try_at=clock.now()))
        run_job_now(runtime, "deliver_outbox")
        time.sleep(0.1)


def refund_escrow(runtime: Runtime, payment: Payment) -> None:
    with runtime.db.transaction() as session:
        escrow = orders.escrow_of(session, payments.get(session, payment.id).order_id)
        how: UnderSettings = {"at": clock.now(), "settings": runtime.settings}
        made = escrow_decisions.refund(session, escrow.id, WHY, version=escrow.version, actor=AMINA, **how)
        if made.approval is not None:
            approvals.approve(session, made.approval.id, actor=CHIKA, **how)


def test_each_refund_goes_to_its_own_transaction(runtime: Runtime, world: Sandbox, payment: Payment) -> None:
    """The first look may see the later one first: what we count on is the one that is given back for the escrow."""
    first, second = tries(world, payment, "success", "success")
    asked(runtime, payment)
    ours = asked(runtime, payment)
    [other] = besides(runtime)
    names = {str(first), f"chg_{first}", str(second), f"chg_{second}"}
    assert ours.provider_id != other.provider_id
    assert {ours.provider_id, other.provider_id} < names
    decided(runtime, other, "refund")
    given_back(runtime)
    assert refunds_there(world) == [(other.provider_id, 100)]
    refund_escrow(runtime, payment)
    given_back(runtime)
    assert sorted(refunds_there(world)) == sorted([(other.provider_id, 100), (ours.provider_id, 100)])
    with runtime.db.reading() as session:
        assert set(session.scalars(select(Refund.status))) == {"processed"}
        assert set(session.scalars(select(Alert.status).where(Alert.rule == "payment_collected_twice"))) == {"resolved"}


def test_a_refund_goes_to_the_transaction_that_we_count_on_though_another_is_older(
    runtime: Runtime, world: Sandbox, payment: Payment
) -> None:
    tries(world, payment, "success")
    older = asked(runtime, payment).provider_id or ""
    [later] = tries(world, payment, "success")
    counted = f"chg_{later}" if _is_v4(runtime) else str(later)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).where(Payment.id == payment.id).values(provider_id=counted))
    assert asked(runtime, payment).provider_id == counted
    assert [each.provider_id for each in besides(runtime)] == [older]
    refund_escrow(runtime, payment)
    given_back(runtime)
    assert refunds_there(world) == [(counted, 100)]


def test_the_second_is_kept_for_the_party(runtime: Runtime, world: Sandbox, payment: Payment) -> None:
    tries(world, payment, "success", "success")
    asked(runtime, payment)
    asked(runtime, payment)
    [other] = besides(runtime)
    decided(runtime, other, "keep")
    with runtime.db.reading() as session:
        buyer = session.get_one(Order, payment.order_id).buyer_id
        assert wallet(session, buyer) == 10_000


def test_the_link_of_an_order_that_is_given_up_takes_no_payment(
    runtime: Runtime, world: Sandbox, payment: Payment
) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(status="expired", next_check_at=None))
    run_job_now(runtime, "check_pending_payments")
    with runtime.db.reading() as session:
        ended = payments.get(session, payment.id).checkout_ended_at
    link = world.control("store?kind=flutterwave.link", method="GET")["flutterwave.link"]
    if _is_v4(runtime):
        assert (ended, link) == (None, []), "v4 has no such call"
        return
    assert ended is not None
    assert [row.get("disabled") for row in link] == [True]
    again = run_job_now(runtime, "check_pending_payments")
    assert again.status == "succeeded"
