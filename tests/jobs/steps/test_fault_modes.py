"""The sandbox in each fault mode, for each call that moves or follows money: no wrong money, and it recovers."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from tests.jobs.periodic.test_process_payout_schedules import sent
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, Market, all_books_agree, wallet
from tests.support.payouts import planned
from tests.support.read_back import OPEN_REFUNDS
from tests.support.sandbox import PAYS_AFTER, Sandbox, awaiting, begun, desk_with, sandbox, timeout_for, world  # noqa: F401
from webapp import clock
from webapp.domain.payments.refund_matching import OWN_TIME
from webapp.errors import Refusal
from webapp.jobs.steps import verify_payments
from webapp.models import Escrow, MirrorEntry, Payment, Payout, ProviderState, ProviderToken, Refund
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.approvals import escrow_decisions, limits
from webapp.services.orders import orders
from webapp.services.payments import payments

CALLS = sorted(
    (fault_modes.WITHOUT_EFFECT | fault_modes.WITH_EFFECT).keys()
    - {fault_modes.WRONG_AMOUNT, fault_modes.WRONG_CURRENCY}
)
UNHELPFUL = [fault_mode for fault_mode in CALLS if fault_mode != fault_modes.REFUSE]
SECRETS = ("sk_sandbox", "FLWSECK", "sandbox-client-secret", "sandbox-blnk-key")

pytestmark = pytest.mark.long


@pytest.fixture
def runtime(world: Sandbox, sqlite_url: str, tmp_path: Path, fault_mode: str) -> Iterator[Runtime]:
    with desk_with(
        world, sqlite_url, tmp_path, provider_timeout_seconds=timeout_for(fault_mode), ledger="blnk"
    ) as made:
        yield made
        said = json.dumps(words(made))
        assert not [secret for secret in SECRETS if secret in said]


def words(runtime: Runtime) -> list[str | None]:
    """Every sentence about a provider that people may read."""
    with runtime.db.reading() as session:
        return [each for model in (Payment, Payout, Refund) for each in session.scalars(select(model.status_detail))]


def now(runtime: Runtime) -> None:
    """Everything may be spoken about again at once, and no circuit is open."""
    with runtime.db.transaction() as session:
        for column in (Payment.next_check_at, Payout.next_try_at, Refund.next_try_at, MirrorEntry.next_try_at):
            session.execute(update(column.class_).where(column.is_not(None)).values({column: clock.now()}))
        long_ago = clock.now() - OWN_TIME
        session.execute(update(Refund).where(Refund.last_sent_at.is_not(None)).values(last_sent_at=long_ago))
        session.execute(update(ProviderState).values(opened_at=None, failures=0))
    vars(runtime).pop("providers", None)  # as a process that has just started, which knows no circuit


def settled(runtime: Runtime, rounds: int = 40) -> None:
    """Run the jobs until nothing is under way; the sandbox pays a moment after it has taken an order."""
    for number in range(rounds):
        time.sleep(PAYS_AFTER if number else 0)
        now(runtime)
        run_job_now(runtime, "deliver_outbox")
        with runtime.db.reading() as session:
            waiting = (Payout.next_try_at.is_not(None), Refund.status.in_(OPEN_REFUNDS))
            open_ones = [select(func.count()).where(each) for each in waiting]
            under_way = sum(session.scalar(each) or 0 for each in open_ones)
        if not under_way:
            return
    raise AssertionError(f"still under way: {words(runtime)}")


@pytest.mark.parametrize("fault_mode", CALLS)
def test_beginning_a_checkout(runtime: Runtime, world: Sandbox, fault_mode: str) -> None:
    order, payment = awaiting(runtime)
    world.set_fault("initialize", fault_mode)
    with pytest.raises(Refusal) as refused:
        begun(runtime, payment)
    assert refused.value.detail.endswith(".")
    with runtime.db.reading() as session:
        found = payments.get(session, payment)
        # Only a refusal that we can read says that nothing began: its payer may be on the page of any other.
        surely_not = fault_mode in (fault_modes.REFUSE, fault_modes.RATE_LIMITED)
        assert found.status == ("failed" if surely_not else "pending")
        assert orders.get(session, order).status == "awaiting_payment"
    if found.status == "pending":
        world.clear_faults()
        now(runtime)
        run_job_now(runtime, "check_pending_payments")
        with runtime.db.reading() as session:
            assert payments.get(session, payment).status == "pending"


@pytest.mark.parametrize("call", ["transferrecipient", "transfer_verify"])
@pytest.mark.parametrize("fault_mode", UNHELPFUL)
def test_sending_a_payout(runtime: Runtime, world: Sandbox, call: str, fault_mode: str) -> None:
    plan = planned(runtime)
    world.set_fault(call, fault_mode)
    run_job_now(runtime, "process_payout_schedules")
    now(runtime)
    run_job_now(runtime, "deliver_outbox")
    with runtime.db.reading() as session:
        payout = session.scalars(select(Payout).where(Payout.schedule_id == plan)).one()
        assert payout.status in ("pending", "sending", "sent")
        assert wallet(session, payout.party_id) == 6_000
    world.clear_faults()
    settled(runtime)

    assert sent(world) == {payout.ref: 4_000}
    all_books_agree(runtime)


def refunding(runtime: Runtime, world: Sandbox) -> int:
    """An escrow paid by card and refunded; its payment."""
    order, payment = awaiting(runtime)
    world.pay(begun(runtime, payment).reference)
    verify_payments.verify_now(runtime, payment, DIVINE)
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 10**9}, at=clock.now(), actor=DIVINE)
        escrow = orders.escrow_of(session, order)
        settings = runtime.settings
        escrow_decisions.refund(
            session, escrow.id, "Late.", version=escrow.version, at=clock.now(), actor=DIVINE, settings=settings
        )
    return payment


@pytest.mark.parametrize("call", ["refund", "refunds"])
@pytest.mark.parametrize("fault_mode", UNHELPFUL)
def test_giving_back_happens_once(runtime: Runtime, world: Sandbox, call: str, fault_mode: str) -> None:
    payment = refunding(runtime, world)
    world.set_fault(call, fault_mode)
    run_job_now(runtime, "deliver_outbox")
    with runtime.db.reading() as session:
        made = session.scalars(select(Refund).where(Refund.payment_id == payment)).one()
        assert made.status in ("waiting", "sending", "pending")
    world.clear_faults()
    settled(runtime)

    given = world.control("store", method="GET").get("paystack.refund", [])
    assert [row["amount"] for row in given] == [10_000]
    with runtime.db.reading() as session:
        assert session.scalars(select(Refund.status)).all() == ["processed"]
        assert wallet(session, session.scalars(select(Escrow.buyer_id)).first() or 0) == 0
    all_books_agree(runtime)


@pytest.mark.parametrize("fault_mode", CALLS)
def test_asking_for_a_token(runtime: Runtime, world: Sandbox, fault_mode: str) -> None:
    world.set_fault("token", fault_mode, provider="flutterwave")
    for _ in range(3):
        run_job_now(runtime, "refresh_flutterwave_token")
        with runtime.db.reading() as session:
            kept = session.get_one(ProviderToken, "flutterwave")
        # Whoever failed to get one does not go on to be the one who asks.
        assert (kept.token_encrypted, kept.refreshed_at) == (None, None)
    world.clear_faults()
    now(runtime)
    run_job_now(runtime, "refresh_flutterwave_token")

    with runtime.db.reading() as session:
        kept = session.get_one(ProviderToken, "flutterwave")
        assert (kept.expires_at or clock.now()) > clock.now() + timedelta(minutes=5)


@pytest.mark.parametrize("fault_mode", UNHELPFUL)
def test_asking_flutterwave_about_a_payment(runtime: Runtime, world: Sandbox, fault_mode: str) -> None:
    order, payment = awaiting(runtime)
    with runtime.db.transaction() as session:
        session.execute(update(Payment).where(Payment.id == payment).values(provider="flutterwave"))
    world.set_fault("*", fault_mode, provider="flutterwave")
    run_job_now(runtime, "check_pending_payments")

    with runtime.db.reading() as session:
        assert payments.get(session, payment).status == "pending"
        assert orders.escrow_of(session, order).status == "pending_payment"


@pytest.mark.parametrize("fault_mode", CALLS)
def test_mirroring_to_blnk(runtime: Runtime, world: Sandbox, fault_mode: str) -> None:
    with runtime.db.transaction() as session:
        made = [Market(session, runtime).escrow(1_000 + number) for number in range(3)]
    world.set_fault("*", fault_mode, provider="blnk")
    run_job_now(runtime, "deliver_outbox")
    world.clear_faults()
    for call in ("bulk", "transactions"):  # of several and of one: not only what is asked before them
        world.set_fault(call, fault_mode, provider="blnk")
    now(runtime)
    run_job_now(runtime, "deliver_outbox")
    world.clear_faults()
    for _ in range(4):
        now(runtime)
        run_job_now(runtime, "deliver_outbox")

    with runtime.db.reading() as session:
        assert set(session.scalars(select(MirrorEntry.status))) == {"done"}
    rows = world.control("store", method="GET")["blnk.balance"]
    assert max(row["credit"] - row["debit"] for row in rows) == sum(1_000 + number for number in range(len(made)))
    assert run_job_now(runtime, "verify_books").status == "succeeded"
