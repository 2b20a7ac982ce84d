"""A run that talks to a provider says what really happened: one item is one payment, payout or refund."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.jobs.periodic.test_process_payout_schedules import tick
from tests.jobs.steps.test_fault_modes import refunding
from tests.support.declared_jobs import NOON
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, Market
from tests.support.outbox import endpoint, happen
from tests.support.payouts import planned
from tests.support.receivers import Receiver, receiver, with_settings  # noqa: F401
from tests.support.sandbox import Sandbox, desk_with, runtime, world  # noqa: F401
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.models import Alert, Event, MirrorEntry, Payout, PayoutSchedule, Refund, Run
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.scheduling import runs

JOB, OUTBOX = "process_payout_schedules", "deliver_outbox"
ACTOR = job_actor(JOB)


def figures(run: Run) -> tuple[str, int, int, int, dict[str, int]]:
    """What a run says, and that its parts are its whole."""
    assert run.processed == run.succeeded + run.failed + run.skipped
    assert run.processed == run.total
    return run.status, run.succeeded, run.failed, run.skipped, run.amounts


def firing(runtime: Runtime) -> set[str]:
    with runtime.db.reading() as session:
        return set(session.scalars(select(Alert.rule).where(Alert.status == "firing")))


def test_payouts_that_were_refused_failed_and_moved_nothing(runtime: Runtime, world: Sandbox) -> None:
    for _ in range(2):
        planned(runtime)
    world.set_fault("transfer", fault_modes.REFUSE)
    run = run_job_now(runtime, JOB)

    assert figures(run) == ("failed", 0, 2, 0, {})
    assert {"run_failed", "items_failed"} <= firing(runtime)
    with runtime.db.reading() as session:
        named = runs.items(session, run.id)
        assert [(each.subject_kind, each.outcome) for each in named] == [("payout", "failed")] * 2
        assert all(each.message for each in named)


def test_one_payout_is_one_item_and_its_money_counts_once(runtime: Runtime, world: Sandbox) -> None:
    for _ in range(2):
        planned(runtime)
    dry = run_job_now(runtime, JOB, dry_run=True)
    run = run_job_now(runtime, JOB)

    assert figures(run) == ("succeeded", 2, 0, 0, {"NGN": 8_000})
    assert (dry.succeeded, dry.amounts) == (run.succeeded, run.amounts)


def test_of_two_the_one_that_was_refused_makes_the_run_partial(runtime: Runtime, world: Sandbox) -> None:
    for _ in range(2):
        planned(runtime)
    planned(runtime, account=False)
    world.set_fault("transfer", fault_modes.REFUSE, times=1)

    assert figures(run_job_now(runtime, JOB)) == ("partial", 1, 1, 1, {"NGN": 4_000})
    assert "items_failed" in firing(runtime)


def test_a_payout_on_its_way_counts_when_it_left_and_when_it_arrived(runtime: Runtime, world: Sandbox) -> None:
    planned(runtime)
    world.control("options", {"settle_seconds": 60})
    assert figures(run_job_now(runtime, JOB)) == ("succeeded", 1, 0, 0, {"NGN": 4_000})
    tick(runtime)
    assert figures(run_job_now(runtime, OUTBOX)) == ("succeeded", 0, 0, 1, {})
    with runtime.db.reading() as session:
        [payout] = session.scalars(select(Payout)).all()
    world.control(f"transfers/{payout.ref}", {"outcome": "success"})
    tick(runtime)
    assert figures(run_job_now(runtime, OUTBOX)) == ("succeeded", 1, 0, 0, {})


def test_one_that_comes_back_fails_in_the_run_that_hears_of_it(runtime: Runtime, world: Sandbox) -> None:
    planned(runtime)
    world.control("options", {"settle_seconds": 60})
    run_job_now(runtime, JOB)
    with runtime.db.reading() as session:
        [payout] = session.scalars(select(Payout)).all()
    world.control(f"transfers/{payout.ref}", {"outcome": "reversed"})
    tick(runtime)

    assert figures(run_job_now(runtime, OUTBOX))[:3] == ("failed", 0, 1)


def test_a_refund_counts_by_what_its_provider_did(runtime: Runtime, world: Sandbox) -> None:
    refunding(runtime, world)
    world.set_fault("refund", fault_modes.REFUSE, times=1)
    assert figures(run_job_now(runtime, OUTBOX)) == ("failed", 0, 1, 0, {})
    refunding(runtime, world)
    assert figures(run_job_now(runtime, OUTBOX)) == ("succeeded", 1, 0, 0, {"NGN": 10_000})
    with runtime.db.transaction() as session:
        session.execute(update(Refund).where(Refund.next_try_at.is_not(None)).values(next_try_at=clock.now()))
    status, _, failed, _, amounts = figures(run_job_now(runtime, OUTBOX))
    assert (status, failed, amounts) == ("succeeded", 0, {})


def test_a_delivery_that_is_dead_failed_and_one_that_is_tried_again_has_not(
    runtime: Runtime, receiver: Receiver
) -> None:
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    receiver.answer = lambda number: 500
    happen(place, "a.one")
    run = run_job_now(place, OUTBOX)

    assert (run.status, run.succeeded, run.failed, run.skipped) == ("succeeded", 0, 0, 1)


@pytest.fixture
def mirrored(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with desk_with(world, sqlite_url, tmp_path, ledger="blnk") as made:
        yield made


def test_transfers_for_the_external_ledger_are_items(mirrored: Runtime, world: Sandbox) -> None:
    with mirrored.db.transaction() as session:
        for _ in range(3):
            Market(session, mirrored).escrow()
    world.set_fault("bulk", fault_modes.ERROR_500, provider="blnk", times=1)
    run = run_job_now(mirrored, OUTBOX)
    assert (run.status, run.succeeded, run.failed, run.skipped) == ("succeeded", 0, 0, 3)
    with mirrored.db.transaction() as session:
        session.execute(update(MirrorEntry).values(next_try_at=clock.now()))
    run = run_job_now(mirrored, OUTBOX)
    assert (run.status, run.succeeded, run.failed, run.skipped) == ("succeeded", 3, 0, 0)


def night(runtime: Runtime, number: int, schedule: int, ways: dict[str, str] | None = None) -> bool:
    """One night's attempt, and whether it alerts."""
    at = NOON + timedelta(days=number)
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [schedule], at=at, actor=ACTOR, routes=ways or {"NGN": "paystack"})
    evaluate(runtime)
    return "payout_unpaid" in firing(runtime)


@pytest.mark.parametrize("lacking", ["destination", "cover", "provider"])
def test_a_schedule_that_cannot_be_paid_alerts_after_the_third_night(
    runtime: Runtime, world: Sandbox, lacking: str
) -> None:
    plan = planned(runtime, 10_001 if lacking == "cover" else 4_000, account=lacking != "destination")
    ways = {"KES": "paystack"} if lacking == "provider" else None
    assert [night(runtime, number, plan, ways) for number in (1, 1, 1, 2, 3)] == [False] * 4 + [True]
    with runtime.db.reading() as session:
        [alert] = session.scalars(select(Alert).where(Alert.rule == "payout_unpaid"))
        party = payout_schedules.get(session, plan).party_id
        told = select(Event.subject_id).where(Event.type == "payout_schedule.unpaid")
        assert session.scalars(told).all() == [plan], "once, with the first night"
    assert "could not be paid for 3 nights" in alert.sentence

    with runtime.db.transaction() as session:
        to = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi Mensah")
        long_ago = NOON - timedelta(days=30)
        payout_destinations.put(session, party, to, at=long_ago, actor=DIVINE, settings=runtime.settings)
        session.execute(update(PayoutSchedule).values(amount=4_000))
    assert night(runtime, 4, plan) is False


def test_without_a_provider_the_run_is_skipped_and_names_what_it_could_not_pay(
    sqlite_url: str, tmp_path: Path, world: Sandbox
) -> None:
    with desk_with(world, sqlite_url, tmp_path, paystack_secret_key="") as place:
        plan = planned(place)
        run = run_job_now(place, JOB)
        with place.db.reading() as session:
            found = payout_schedules.get(session, plan)

    assert (run.status, run.skipped) == ("skipped", 1)
    assert (found.unpaid_days, found.failure_reason) == (1, "No provider that is configured pays out NGN.")
