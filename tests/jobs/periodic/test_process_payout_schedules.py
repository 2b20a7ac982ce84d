"""The daily payouts, against a sandbox over HTTP: its books and ours agree, whatever happens between."""

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree, undone, wallet
from tests.support.payouts import planned
from tests.support.sandbox import PAYS_AFTER, Sandbox, desk_with, pg_runtime, runtime, sandbox, timeout_for, world  # noqa: F401
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.errors import Conflict, Invalid
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import send_payouts
from webapp.models import Alert, Audit, Payout, PayoutSchedule, Transfer
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.common import kill_switch
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.scheduling import runs

JOB = "process_payout_schedules"
ACTOR = job_actor(JOB)
WAYS = {"NGN": "paystack"}
AFTER = {
    fault_modes.TIMEOUT_AFTER,
    fault_modes.TRUNCATED,
    fault_modes.GARBAGE,
    fault_modes.HTML_200,
    fault_modes.SLOW,
    fault_modes.EMPTY,
    fault_modes.HUGE,
}

BEFORE = {fault_modes.TIMEOUT_BEFORE, fault_modes.ERROR_500, fault_modes.RATE_LIMITED, fault_modes.REDIRECT}


def schedule(runtime: Runtime, schedule_id: int) -> PayoutSchedule:
    with runtime.db.reading() as session:
        return payout_schedules.get(session, schedule_id)


def payouts_of(runtime: Runtime, schedule_id: int) -> list[Payout]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Payout).where(Payout.schedule_id == schedule_id).order_by(Payout.id)))


def held(runtime: Runtime, schedule_id: int) -> int:
    with runtime.db.reading() as session:
        return wallet(session, payout_schedules.get(session, schedule_id).party_id)


def sent(world: Sandbox) -> dict[str, int]:
    """What the sandbox paid out, by reference."""
    rows = world.control("store", method="GET").get("paystack.transfer", [])
    return {row["key"]: row["amount"] for row in rows}


def tick(runtime: Runtime) -> None:
    """Every unsettled payout may be spoken about again now."""
    with runtime.db.transaction() as session:
        session.execute(update(Payout).where(Payout.next_try_at.is_not(None)).values(next_try_at=clock.now()))


def settle(runtime: Runtime, world: Sandbox, rounds: int = 40) -> None:
    """Run until nothing is unsettled; the sandbox pays a moment after it has taken an order."""
    for number in range(rounds):
        time.sleep(PAYS_AFTER if number else 0)
        tick(runtime)
        run_job_now(runtime, JOB)
        with runtime.db.reading() as session:
            if session.scalar(select(func.count()).where(Payout.next_try_at.is_not(None))) == 0:
                return
    raise AssertionError("some payouts are unsettled still")


def test_a_due_schedule_is_paid_once(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    assert run_job_now(runtime, JOB, dry_run=True).amounts == {"NGN": 4_000}
    assert sent(world) == {}
    settle(runtime, world)
    settle(runtime, world)

    [payout] = payouts_of(runtime, plan)
    found = schedule(runtime, plan)
    assert (payout.status, found.status, found.payout_id) == ("succeeded", "processed", payout.id)
    assert sent(world) == {payout.ref: 4_000}
    assert held(runtime, plan) == 6_000
    all_books_agree(runtime)


def test_what_cannot_be_paid_stays_due_and_says_why(runtime: Runtime, world: Sandbox) -> None:
    early = planned(runtime, due_at=clock.now() + timedelta(days=1))
    guarded = planned(runtime, guarantee_completion_date=clock.now() + timedelta(days=1))
    nowhere, poor = planned(runtime, account=False), planned(runtime, 10_001)
    run = run_job_now(runtime, JOB)

    assert (run.succeeded, run.skipped) == (0, 2)
    reasons = {each: schedule(runtime, each).failure_reason or "" for each in (early, guarded, nowhere, poor)}
    assert [bool(reasons[each]) for each in (early, guarded)] == [False, False]
    assert "no payout destination" in reasons[nowhere]
    assert "does not cover" in reasons[poor]
    assert {schedule(runtime, each).status for each in reasons} == {"pending"}
    assert sent(world) == {}


def test_one_wallet_pays_what_it_covers_in_order(runtime: Runtime, world: Sandbox) -> None:
    first = planned(runtime, 6_000)
    with runtime.db.transaction() as session:
        party = payout_schedules.get(session, first).party_id
        more = NewSchedule("second", party, 6_000, "NGN", clock.now())
        second = payout_schedules.create(session, more, at=clock.now(), actor=DIVINE).id
    run_job_now(runtime, JOB)

    assert held(runtime, first) == 4_000
    assert schedule(runtime, second).status == "pending"


@pytest.mark.parametrize(
    "fault_mode",
    sorted(AFTER | {fault_modes.TIMEOUT_BEFORE, fault_modes.ERROR_500, fault_modes.RATE_LIMITED, fault_modes.REDIRECT}),
)
def test_with_every_fault_a_payout_is_sent_once(
    sqlite_url: str, tmp_path: Path, world: Sandbox, fault_mode: str
) -> None:
    with desk_with(world, sqlite_url, tmp_path, provider_timeout_seconds=timeout_for(fault_mode)) as runtime:
        plan = planned(runtime)
        world.set_fault("transfer", fault_mode, times=1)
        run_job_now(runtime, JOB)
        [payout] = payouts_of(runtime, plan)
        assert payout.status in ("sending", "sent")
        assert held(runtime, plan) == 6_000
        settle(runtime, world)

        [payout] = payouts_of(runtime, plan)
        assert (payout.status, sent(world)) == ("succeeded", {payout.ref: 4_000})
        all_books_agree(runtime)


def test_a_refusal_gives_the_money_back_and_after_three_the_schedule_fails(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    world.set_fault("transfer", fault_modes.REFUSE)
    for attempt in range(1, 4):
        run_job_now(runtime, JOB)
        assert schedule(runtime, plan).retry_count == attempt
        assert held(runtime, plan) == 10_000
        with runtime.db.transaction() as session:
            an_hour_ago = clock.now() - timedelta(hours=1)
            session.execute(update(PayoutSchedule).values(last_retry_at=an_hour_ago))
    found = schedule(runtime, plan)

    assert (found.status, len(payouts_of(runtime, plan)), sent(world)) == ("failed", 3, {})
    assert found.failure_reason
    with runtime.db.reading() as session:
        assert session.scalars(select(Alert.rule).where(Alert.rule.startswith("payout"))).all() == ["payout_failed"]
    assert run_job_now(runtime, JOB).processed == 0
    all_books_agree(runtime)


def test_an_attempt_that_failed_waits_an_hour_for_the_next(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    world.set_fault("transfer", fault_modes.REFUSE, times=1)
    run_job_now(runtime, JOB)
    run_job_now(runtime, JOB)

    assert len(payouts_of(runtime, plan)) == 1


@pytest.mark.parametrize("outcome", ["failed", "reversed"])
def test_what_fails_after_it_was_accepted_comes_back(runtime: Runtime, world: Sandbox, outcome: str) -> None:
    plan = planned(runtime)
    world.control("options", {"settle_seconds": 60})
    run_job_now(runtime, JOB)
    [payout] = payouts_of(runtime, plan)
    assert payout.status == "sent"
    world.control(f"transfers/{payout.ref}", {"outcome": outcome})
    tick(runtime)
    run_job_now(runtime, JOB)

    assert payouts_of(runtime, plan)[0].status == outcome
    assert held(runtime, plan) == 10_000
    with runtime.db.transaction() as session:
        told = select(Audit).where(Audit.action.in_(("payout.fail", "payout.reverse")))
        assert session.scalars(told).one().before == '{"status":"sent"}'
    all_books_agree(runtime)


def test_a_reversal_after_success_is_given_back_once(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    settle(runtime, world)
    [payout] = payouts_of(runtime, plan)
    for _ in range(2):
        with runtime.db.transaction() as session:
            word = {
                payout.id: ProviderResponse(payout.ref, ProviderStatus.REVERSED, 4_000, "NGN", "1", "Account closed.")
            }
            payout_settlement.settle_all(session, word, at=clock.now(), actor=ACTOR)

    assert (held(runtime, plan), schedule(runtime, plan).status) == (10_000, "failed")
    all_books_agree(runtime)


def test_killed_between_the_commit_and_the_call_it_is_sent_later_once(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [plan], at=clock.now(), actor=ACTOR, routes=WAYS)
    with runtime.db.transaction() as session:
        [taken] = payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
    assert taken.may_send
    assert run_job_now(runtime, JOB).processed == 0
    settle(runtime, world)

    [payout] = payouts_of(runtime, plan)
    assert (payout.status, sent(world)) == ("succeeded", {payout.ref: 4_000})


def test_killed_after_the_providers_success_it_is_not_sent_again(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [plan], at=clock.now(), actor=ACTOR, routes=WAYS)
    with runtime.db.transaction() as session:
        [taken] = payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
    with EffectLease(send_payouts.LEASE).held():
        send_payouts.send(runtime, taken)
    settle(runtime, world)

    [payout] = payouts_of(runtime, plan)
    assert (payout.status, sent(world), held(runtime, plan)) == ("succeeded", {payout.ref: 4_000}, 6_000)


def test_two_at_once_write_and_send_once(pg_runtime: Runtime, world: Sandbox) -> None:
    plans = [planned(pg_runtime) for _ in range(6)]

    def write() -> None:
        with pg_runtime.db.transaction() as session:
            payout_creation.create_all(session, plans, at=clock.now(), actor=ACTOR, routes=WAYS)

    def send() -> None:
        with pg_runtime.db.transaction() as session:
            taken = payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
        with EffectLease(send_payouts.LEASE).held():
            for each in taken:
                send_payouts.send(pg_runtime, each)

    for act in (write, send):
        threads = [threading.Thread(target=act) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    settle(pg_runtime, world)

    assert len(sent(world)) == 6
    assert [len(payouts_of(pg_runtime, plan)) for plan in plans] == [1] * 6
    all_books_agree(pg_runtime)


def test_while_money_is_stopped_nothing_is_written_or_sent(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [plan], at=clock.now(), actor=ACTOR, routes=WAYS)
        kill_switch.stop(session, "Fraud.", at=clock.now(), actor=DIVINE)
    other = planned(runtime)
    run_job_now(runtime, JOB)
    assert (sent(world), payouts_of(runtime, other)) == ({}, [])
    with runtime.db.transaction() as session:
        kill_switch.resume(session, "Cleared.", at=clock.now(), actor=DIVINE)
    settle(runtime, world)

    assert len(sent(world)) == 2


def test_one_is_triggered_before_its_date_but_not_before_its_guarantee(runtime: Runtime, world: Sandbox) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    plan, other = planned(runtime, due_at=tomorrow), planned(runtime)
    guarded = planned(runtime, guarantee_completion_date=tomorrow)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        with pytest.raises(Invalid, match="guarantee"), undone(session):
            payout_schedules.trigger(session, guarded, at=clock.now(), actor=OPERATOR)
        run = payout_schedules.trigger(session, plan, at=clock.now(), actor=OPERATOR)
    run_here(runtime, run.id)
    settle(runtime, world)

    assert {schedule(runtime, each).status for each in (plan, other)} == {"processed"}


def test_an_unsent_payout_is_cancelled_and_a_failed_one_retried(runtime: Runtime, world: Sandbox) -> None:
    plan, other = planned(runtime), planned(runtime)
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [plan], at=clock.now(), actor=ACTOR, routes=WAYS)
        [payout] = session.scalars(select(Payout)).all()
        payouts.cancel(session, payout.id, "Wrong account.", at=clock.now(), actor=DIVINE, settings=runtime.settings)
    assert (held(runtime, plan), schedule(runtime, plan).status) == (10_000, "cancelled")
    world.set_fault("transfer", fault_modes.REFUSE, times=1)
    run_job_now(runtime, JOB)
    [failed] = payouts_of(runtime, other)
    with runtime.db.transaction() as session:
        with pytest.raises(Conflict, match="only one that was not sent"), undone(session):
            payouts.cancel(session, failed.id, "Late.", at=clock.now(), actor=DIVINE, settings=runtime.settings)
        run = payouts.retry(session, failed.id, at=clock.now(), actor=OPERATOR)
    run_here(runtime, run.id)
    settle(runtime, world)

    assert [each.status for each in payouts_of(runtime, other)] == ["failed", "succeeded"]
    assert len(sent(world)) == 1
    all_books_agree(runtime)


def test_a_bad_one_among_good_ones_is_named(runtime: Runtime, world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [planned(runtime) for _ in range(4)]
    real = send_payouts.send

    def odd(own: Runtime, taken: Any) -> Any:
        if taken.id == 2:
            raise ValueError("a bug")
        return real(own, taken)

    monkeypatch.setattr(send_payouts, "send", odd)
    run = run_job_now(runtime, JOB)

    assert (run.status, run.failed) == ("partial", 1)
    with runtime.db.reading() as session:
        assert [(item.subject_id, item.outcome) for item in runs.items(session, run.id)] == [(2, "failed")]
        assert session.scalar(select(func.count()).where(Transfer.kind == "payout")) == len(plans)


def test_without_a_provider_the_run_is_skipped(sqlite_url: str, tmp_path: Path, world: Sandbox) -> None:
    with desk_with(world, sqlite_url, tmp_path, paystack_secret_key="") as runtime:
        planned(runtime)
        run = run_job_now(runtime, JOB)

        assert (run.status, run.error) == ("skipped", "Sending payouts is not configured: set PAYSTACK_SECRET_KEY.")
