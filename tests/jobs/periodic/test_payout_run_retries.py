"""Retrying the failed items of a run of payouts pays these and no others, and says what it left alone."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from tests.jobs.periodic.test_process_payout_schedules import JOB, held, payouts_of, schedule, sent, settle
from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree
from tests.support.payouts import planned
from tests.support.sandbox import Sandbox, pg_runtime, runtime, sandbox, sqlite_runtime, world  # noqa: F401
from webapp import clock
from webapp.jobs.run_job import run_here
from webapp.models import Event, PayoutSchedule, Run
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.scheduling import runs


def retried(runtime: Runtime, run: Run) -> Run:
    with runtime.db.transaction() as session:
        again = runs.retry(session, run.id, actor=OPERATOR).id
    run_here(runtime, again)
    with runtime.db.reading() as session:
        return runs.get(session, again)


def test_what_failed_is_paid_at_once_as_one_item_and_nothing_else_is(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    world.set_fault("transfer", fault_modes.REFUSE, times=1)
    run = run_job_now(runtime, JOB)
    other = planned(runtime)
    assert (run.failed, schedule(runtime, plan).status) == (1, "pending")
    again = retried(runtime, run)

    with runtime.db.reading() as session:
        assert [item.message for item in runs.items(session, again.id)] == []
    assert (again.processed, again.succeeded, again.amounts) == (1, 1, {"NGN": 4_000})
    assert payouts_of(runtime, plan)[0].status == "failed"
    assert (len(payouts_of(runtime, plan)), payouts_of(runtime, other)) == (2, [])
    assert len(sent(world)) == 1
    settle(runtime, world)
    assert held(runtime, plan) == 6_000
    all_books_agree(runtime)


def test_what_failed_for_good_is_named_and_nothing_moves(sqlite_runtime: Runtime, world: Sandbox) -> None:
    plan = planned(sqlite_runtime)
    world.set_fault("transfer", fault_modes.REFUSE, times=1)
    run = run_job_now(sqlite_runtime, JOB)
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(PayoutSchedule).values(status="failed"))
    again = retried(sqlite_runtime, run)

    assert (again.succeeded, again.failed, again.skipped, again.amounts) == (0, 0, 1, {})
    with sqlite_runtime.db.reading() as session:
        [item] = runs.items(session, again.id)
    assert "failed for good. Have it paid on its page" in item.message
    assert (len(payouts_of(sqlite_runtime, plan)), sent(world)) == (1, {})


def test_what_was_changed_since_is_named_and_not_sent(runtime: Runtime, world: Sandbox) -> None:
    """Nobody who retries a run reads amounts and accounts: only what failed is sent, and where it was to go."""
    cheaper, moved, same = planned(runtime), planned(runtime), planned(runtime)
    world.set_fault("transfer", fault_modes.REFUSE, times=3)
    run = run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        session.execute(update(PayoutSchedule).where(PayoutSchedule.id == cheaper).values(amount=1_500))
    moved_to(runtime, moved, clock.now() - timedelta(days=2))
    again = retried(runtime, run)

    with runtime.db.reading() as session:
        named = {item.subject_id: item.message for item in runs.items(session, again.id)}
        told = session.scalars(select(Event.type).where(Event.type == "payout_schedule.unpaid")).all()
    assert (again.processed, again.succeeded, again.skipped, again.amounts) == (3, 1, 2, {"NGN": 4_000})
    assert "it is NGN 15.00 by now" in named[cheaper]
    assert "ending in 6666" in named[moved]
    assert [len(payouts_of(runtime, plan)) for plan in (cheaper, moved, same)] == [1, 1, 2]
    assert len(sent(world)) == 1
    assert told == []
    assert schedule(runtime, moved).unpaid_days == 0


def moved_to(runtime: Runtime, plan: int, at: datetime) -> None:
    """Its party's money goes to another account from some day after this instant on."""
    with runtime.db.transaction() as session:
        to = NewDestination("NGN", "nuban", "058", "0000006666", "Kofi Mensah")
        party = payout_schedules.get(session, plan).party_id
        payout_destinations.put(session, party, to, at=at, actor=DIVINE, settings=runtime.settings)
