"""The hourly look after payments, against a sandbox over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree, pool
from tests.support.sandbox import Sandbox, awaiting, back_dated, begun, desk_with, pg_runtime, runtime, sandbox, world  # noqa: F401
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.payments.payment_outcome import NO_RESPONSE
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Alert, Audit, Event, Order, Payment, ProviderState, RunItem, Transfer
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.ledger import accounts
from webapp.services.ledger import posting as ledger_posting
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement

JOB = "check_pending_payments"
UNHELPFUL = sorted(fault_modes.WITHOUT_EFFECT.keys() - {fault_modes.REFUSE})


def last_payment(session: Session, order_id: int) -> Payment:
    mine = select(Payment).where(Payment.order_id == order_id)
    return session.scalars(mine.order_by(Payment.id.desc()).limit(1)).one()


def state(runtime: Runtime, order_id: int) -> tuple[str, str, str]:
    """What the order's last payment, the order and its escrow are."""
    with runtime.db.reading() as session:
        payment = last_payment(session, order_id)
        return payment.status, orders.get(session, order_id).status, orders.escrow_of(session, order_id).status


def payment_of(runtime: Runtime, payment_id: int) -> Payment:
    with runtime.db.reading() as session:
        return payments.get(session, payment_id)


def make_due(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(next_check_at=clock.now() - timedelta(seconds=1)))


def test_a_payment_that_no_webhook_settled_is_held_once(runtime: Runtime, world: Sandbox) -> None:
    order, payment = awaiting(runtime)
    world.pay(begun(runtime, payment).reference)
    run = run_job_now(runtime, JOB)

    assert (run.status, run.succeeded, run.amounts) == ("succeeded", 1, {"NGN": 10_000})
    assert state(runtime, order) == ("succeeded", "in_progress", "held")
    assert run_job_now(runtime, JOB).processed == 0
    with runtime.db.reading() as session:
        assert pool(session) == 10_000
        told = list(session.scalars(select(Event.type).where(Event.subject_kind == "payment").order_by(Event.id)))
        assert told == ["payment.created", "payment.succeeded"]
        assert session.scalar(select(func.count()).where(Audit.action == "payment.succeed")) == 1
    all_books_agree(runtime)


@pytest.mark.parametrize("policy", ["completion", "buffer", "placement"])
def test_it_is_held_where_its_policy_says(runtime: Runtime, world: Sandbox, policy: str) -> None:
    order, payment = awaiting(runtime, policy=policy)
    world.pay(begun(runtime, payment).reference)
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("succeeded", "in_progress", "held")
    all_books_agree(runtime)


def test_a_definite_failure_declines_the_order_and_tells_the_buyer(runtime: Runtime, world: Sandbox) -> None:
    order, payment = awaiting(runtime)
    world.pay(begun(runtime, payment).reference, "failed")
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("failed", "declined", "voided")
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count()).where(Event.type == "order.declined")) == 1
    all_books_agree(runtime)


@pytest.mark.parametrize("fault_mode", [fault_modes.WRONG_AMOUNT, fault_modes.WRONG_CURRENCY])
def test_another_amount_or_currency_waits_for_a_person(runtime: Runtime, world: Sandbox, fault_mode: str) -> None:
    order, payment = awaiting(runtime)
    world.pay(begun(runtime, payment).reference)
    world.set_fault("verify", fault_mode)
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("needs_review", "awaiting_payment", "pending_payment")
    found = payment_of(runtime, payment)
    assert (found.provider_amount, found.provider_currency) != (10_000, "NGN")
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Transfer)) == 0
        assert session.scalars(select(Alert.rule)).all() == ["payment_needs_review"]


@pytest.mark.parametrize("fault_mode", UNHELPFUL)
def test_with_a_fault_nothing_is_decided_and_it_recovers_by_itself(
    sqlite_runtime: Runtime, sqlite_url: str, tmp_path: Path, world: Sandbox, fault_mode: str
) -> None:
    with desk_with(world, sqlite_url, tmp_path) as runtime:
        order, payment = awaiting(runtime)
        world.pay(begun(runtime, payment).reference)
        world.set_fault("verify", fault_mode)
        run = run_job_now(runtime, JOB)

        assert (run.status, run.skipped) == ("succeeded", 1)
        assert state(runtime, order) == ("pending", "awaiting_payment", "pending_payment")
        waiting = payment_of(runtime, payment)
        assert (waiting.next_check_at or clock.now()) > clock.now()
        assert (waiting.status_detail or "").endswith(".")
        assert "sk_sandbox" not in (waiting.status_detail or "")
        world.clear_faults()
        make_due(runtime)
        run_job_now(runtime, JOB)
        assert state(runtime, order) == ("succeeded", "in_progress", "held")
        all_books_agree(runtime)


def test_silence_until_the_deadline_expires_the_payment(runtime: Runtime, world: Sandbox) -> None:
    order, payment = awaiting(runtime)
    world.set_fault("verify", fault_modes.ERROR_500)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(first_checked_at=clock.now() - timedelta(hours=24)))
    make_due(runtime)
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("expired", "declined", "voided")
    assert payment_of(runtime, payment).status_detail == NO_RESPONSE


def test_a_payment_that_its_provider_still_awaits_at_the_deadline_expires_with_what_it_said(
    runtime: Runtime, world: Sandbox
) -> None:
    order, payment = awaiting(runtime)
    begun(runtime, payment)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(first_checked_at=clock.now() - timedelta(hours=24)))
    make_due(runtime)
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("expired", "declined", "voided")
    said = payment_of(runtime, payment).status_detail or ""
    assert said.startswith("It was not paid in time: the provider still says: ")
    assert "No response" not in said


def test_a_payment_without_a_reference_expires(runtime: Runtime) -> None:
    order, _payment = awaiting(runtime)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(reference=None))
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("expired", "declined", "voided")


def test_a_late_success_waits_for_a_person(runtime: Runtime, world: Sandbox) -> None:
    order, payment = awaiting(runtime)
    reference = begun(runtime, payment).reference
    world.pay(reference, "failed")
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        late = {payment: ProviderResponse(reference or "", ProviderStatus.SUCCEEDED, 10_000, "NGN", "1")}
        payment_settlement.settle_all(session, late, at=clock.now(), actor=job_actor(JOB), settings=runtime.settings)

    assert state(runtime, order) == ("needs_review", "declined", "voided")


def test_of_two_payments_of_one_order_the_second_waits_for_a_person(runtime: Runtime, world: Sandbox) -> None:
    order, first = awaiting(runtime)
    with runtime.db.transaction() as session:
        then = clock.now() - timedelta(hours=25)
        second = payments.create(session, order, "paystack", at=then, actor=DIVINE, settings=runtime.settings).id
    for payment in (first, second):
        world.pay(begun(runtime, payment).reference)
    run_job_now(runtime, JOB)

    assert {payment_of(runtime, each).status for each in (first, second)} == {"succeeded", "needs_review"}
    with runtime.db.reading() as session:
        assert pool(session) == 10_000


def test_orders_that_nobody_paid_are_declined_with_a_payment_on_record(runtime: Runtime) -> None:
    order, _payment = awaiting(runtime)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).values(status="failed", next_check_at=None))
    back_dated(runtime, order, 49)
    young, _ = awaiting(runtime)
    assert run_job_now(runtime, JOB, dry_run=True).succeeded == 2
    run_job_now(runtime, JOB)

    assert state(runtime, order) == ("failed", "declined", "voided")
    with runtime.db.reading() as session:
        last = last_payment(session, order)
        assert (last.provider, last.status_detail) == ("none", "The order was never paid.")
    assert state(runtime, young)[1] == "awaiting_payment"


def test_a_bad_one_among_good_ones_is_left_alone_and_named(runtime: Runtime, world: Sandbox) -> None:
    made = [awaiting(runtime) for _ in range(5)]
    for _, payment in made:
        world.pay(begun(runtime, payment).reference)
    with runtime.db.transaction() as session:
        broken = orders.escrow_of(session, made[2][0])
        sides = [
            accounts.pool(session, kind, "NGN", at=clock.now(), owner="x")
            for kind in (AccountKind.CLEARING, AccountKind.FEES)
        ]
        taken = f"escrow-{broken.id}-1-hold"
        legs = [(sides[0], -1), (sides[1], 1)]
        ledger_posting.post(
            session, reference=taken, kind=TransferKind.DEPOSIT, currency="NGN", legs=legs, at=clock.now()
        )
    run = run_job_now(runtime, JOB)

    assert (run.status, run.succeeded, run.failed) == ("partial", 4, 1)
    with runtime.db.reading() as session:
        assert session.execute(select(RunItem.subject_id, RunItem.outcome)).all() == [(made[2][1], "failed")]
    assert state(runtime, made[2][0]) == ("pending", "awaiting_payment", "pending_payment")


def test_two_at_once_hold_once(pg_runtime: Runtime, world: Sandbox) -> None:
    made = [awaiting(pg_runtime) for _ in range(6)]
    words = {}
    for _, payment in made:
        reference = begun(pg_runtime, payment).reference or ""
        words[payment] = ProviderResponse(reference, ProviderStatus.SUCCEEDED, 10_000, "NGN", "1")

    def settle(_: int) -> int:
        with pg_runtime.db.transaction() as session:
            found = payment_settlement.settle_all(
                session, words, at=clock.now(), actor=job_actor(JOB), settings=pg_runtime.settings
            )
        return sum(found.amounts.values())

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(settle, range(4))) == [0, 0, 0, 60_000]
    all_books_agree(pg_runtime)


def test_the_circuit_opens_and_says_so_and_closes_by_itself(runtime: Runtime, world: Sandbox) -> None:
    for _ in range(6):
        awaiting(runtime)
    world.set_fault("verify", fault_modes.ERROR_500)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        circuit = session.get_one(ProviderState, "paystack")
        assert circuit.opened_at is not None
        assert circuit.last_error is not None
        assert circuit.last_error.startswith("paystack answered 500: ")
        circuit.opened_at = clock.now() - timedelta(minutes=1)
    time.sleep(1.1)  # what a process knows of a circuit is a second old at most
    world.clear_faults()
    make_due(runtime)
    run_job_now(runtime, JOB)
    with runtime.db.reading() as session:
        assert session.get_one(ProviderState, "paystack").opened_at is None
        assert session.scalar(select(func.count()).where(Order.status == "awaiting_payment")) == 6
