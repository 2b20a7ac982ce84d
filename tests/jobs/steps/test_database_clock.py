"""What is due is judged by the database's clock: no instant that is named, planned or believed pays anything early."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.support import money
from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, DIVINE, Market, all_books_agree
from tests.support.payouts import planned, written
from tests.support.sandbox import runtime, world  # noqa: F401
from webapp import clock, jobs
from webapp.domain.actors import Actor
from webapp.domain.permissions import of_scopes
from webapp.domain.states import CatchUp, RunStatus, Trigger
from webapp.errors import NotAllowed
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import AutoDeduct, Escrow, Order, Payout, PayoutSchedule, Run, Transfer
from webapp.runtime import Runtime
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms
from webapp.services.scheduling import runs, schedule_changes, schedules, slots

DAY = timedelta(days=1)
MOVES = {
    "auto_deduct": [3_000],
    "auto_release": [1_000],
    "check_pending_payments": [],
    "deliver_outbox": [],
    "handle_webhooks": [],
    "process_payout_schedules": [4_000],
    "release_completed_orders": [1_002],
    "release_pending_earnings": [1_004],
    "release_placement_holds": [1_006],
    "purge_expired": [],
    "watch": [],
}
"""What each job that moves money moves of the backlog, once, whatever instant is named."""
CRON = Actor("token", 3, "cron", of_scopes(["jobs"]))


@pytest.fixture
def backlog(runtime: Runtime) -> Runtime:
    """For each job something that was due a day ago, and something that will be due in eight."""
    now = clock.now()
    runtime.settings.auto_deduct_zone = f"Etc/GMT{now.hour - 12:+}"  # where it is noon: no midnight comes between
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=now - 60 * DAY)
        amount = 1_000
        for policy in ("deadline", "completion", "buffer", "placement"):
            for release_at in (now - DAY, now + 8 * DAY):
                escrow = market.escrow(amount, policy=policy)
                session.execute(update(Order).where(Order.id == escrow.order_id).values(status="completed"))
                session.execute(update(Escrow).where(Escrow.id == escrow.id).values(release_at=release_at))
                amount += 1
        buyer, seller = market.party("buyer"), market.party("seller")
        fresh = NewOrder("fresh-order", buyer.id, seller.id, 500, currency="NGN")
        orders.create(session, fresh, at=now, actor=DIVINE, settings=runtime.settings)
        owing = market.party("debtor", wallet=50_000)
        money.owe(session, owing.id, 10_000, "NGN", reference="a-debt", at=now - 2 * DAY, actor=DIVINE)
        order = MandateTerms(True, 30, None, 0)
        auto_deduct_mandates.change(session, owing.id, "NGN", order, version=0, at=now, actor=AMINA)
    planned(runtime)
    planned(runtime, due_at=now + 8 * DAY)
    unsent = written(runtime, planned(runtime, 7_000))
    with runtime.db.transaction() as session:
        session.execute(update(Payout).where(Payout.id == unsent).values(next_try_at=now + 8 * DAY))
    return runtime


def moved(runtime: Runtime, since: int) -> list[int]:
    """The amounts of the transfers after one."""
    with runtime.db.reading() as session:
        return sorted(session.scalars(select(Transfer.amount).where(Transfer.id > since)))


def newest(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(Transfer.id).order_by(Transfer.id.desc()).limit(1)).one()


def not_touched(runtime: Runtime) -> None:
    """What is due in eight days is as it was."""
    ahead = clock.now() + DAY
    with runtime.db.reading() as session:
        held = select(Escrow.status).join(Order, Order.id == Escrow.order_id).where(Order.ref != "fresh-order")
        assert set(session.scalars(held.where(Escrow.release_at > ahead))) == {"held"}
        assert session.scalars(select(PayoutSchedule.status).where(PayoutSchedule.due_at > ahead)).all() == ["pending"]
        assert session.scalars(select(Payout.status).where(Payout.next_try_at > ahead)).all() == ["pending"]
        assert session.scalars(select(Order.status).where(Order.ref == "fresh-order")).one() == "awaiting_payment"


def planned_run(runtime: Runtime, job: str, at: datetime) -> Run:
    """A run that some process planned for an instant, carried out here."""
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        now = clock.now()
        counts = dict.fromkeys(("processed", "succeeded", "failed", "skipped"), 0)
        run = Run(job=job, slot=at, at=at, trigger=Trigger.SCHEDULE, by="job:x", by_name="x", created_at=now, **counts)
        run.status, run.attempt, run.amounts = RunStatus.QUEUED, 1, {}
        session.add(run)
        session.flush()
        run_id = run.id
    return run_here(runtime, run_id)


def money_jobs() -> list[str]:
    return [name for name, spec in jobs.registry().items() if spec.moves_money]


def test_every_job_that_moves_money_is_in_the_table() -> None:
    assert money_jobs() == sorted(MOVES)


@pytest.mark.parametrize("job", MOVES)
def test_no_instant_pays_early_or_twice(backlog: Runtime, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was planned ahead, those of the past that a person names, and what a wrong clock believes."""
    before, right = newest(backlog), clock.local
    backlog.settings.max_clock_skew_seconds = 30 * 86_400  # it would refuse to begin
    monkeypatch.setattr(clock, "local", lambda: right() + 8 * DAY + timedelta(hours=1))
    run_job_now(backlog, job)
    monkeypatch.setattr(clock, "local", right)
    run = planned_run(backlog, job, clock.now() + 8 * DAY + timedelta(hours=1))
    assert (run.status, run.error) == ("succeeded", None)
    for days in (40, 2):
        run_job_now(backlog, job, at=clock.now() - days * DAY - timedelta(hours=1))

    assert moved(backlog, before) == MOVES[job]
    not_touched(backlog)
    with backlog.db.reading() as session:
        assert session.scalars(select(Transfer.at).order_by(Transfer.at.desc()).limit(1)).one() <= clock.now()
        for each in schedules.all_schedules(session):
            assert each.next_slot is not None
            assert each.next_slot <= clock.now() + 7 * DAY, "at most a week off, as the least frequent is"
    all_books_agree(backlog)


def test_a_token_for_jobs_does_not_choose_the_instant_of_money(runtime: Runtime) -> None:
    register_jobs(runtime)
    at = clock.now() - DAY
    for job in MOVES:
        with pytest.raises(NotAllowed, match="may not choose the instant"), runtime.db.transaction() as session:
            runs.trigger(session, job, actor=CRON, at=at)
        with runtime.db.transaction() as session:
            assert runs.trigger(session, job, actor=CRON, at=at, dry_run=True).at == at
            assert runs.trigger(session, job, actor=OPERATOR, at=at).at == at


def test_a_token_for_jobs_may_choose_it_where_no_money_moves(runtime: Runtime) -> None:
    register_jobs(runtime)
    at = clock.now() - DAY
    with runtime.db.transaction() as session:
        assert runs.trigger(session, "verify_books", actor=CRON, at=at).at == at


# Deductions: one per real day


def taken(runtime: Runtime) -> list[int]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Transfer.amount).where(Transfer.kind == "repayment")))


def outside_cron(runtime: Runtime) -> Run:
    """What `desk run auto_deduct` does."""
    with runtime.db.transaction() as session:
        run = runs.claim_for_outside_cron(session, "auto_deduct", actor=OPERATOR)
    return run_here(runtime, run.id)


def test_retries_catch_ups_and_named_days_take_once_in_one_real_day(backlog: Runtime) -> None:
    for days in range(6):
        run_job_now(backlog, "auto_deduct", at=clock.now() - days * DAY)
        planned_run(backlog, "auto_deduct", clock.now() - (20 + days) * DAY)
    outside_cron(backlog)

    assert taken(backlog) == [3_000]


def test_a_run_at_noon_after_a_missed_night_does_not_claim_the_night(backlog: Runtime) -> None:
    register_jobs(backlog)
    noon = clock.now().replace(hour=9, minute=0)
    with backlog.db.transaction() as session:
        plan = schedules.get(session, "auto_deduct")
        plan.since = plan.next_slot = noon - 3 * DAY
        for _ in range(2):
            assert slots.claim_latest(session, "auto_deduct", noon, actor=OPERATOR) is None
    with backlog.db.reading() as session:
        rows = session.scalars(select(Run).where(Run.job == "auto_deduct").order_by(Run.id)).all()
    assert {run.status for run in rows} == {"missed"}
    assert rows[-1].missed_to == noon.replace(hour=20, minute=0, second=0, microsecond=0) - DAY


def test_a_slot_within_a_missed_stretch_is_never_claimed(backlog: Runtime) -> None:
    register_jobs(backlog)
    night = clock.now().replace(hour=20, minute=0, second=0, microsecond=0) - DAY
    with backlog.db.transaction() as session:
        plan = schedules.get(session, "auto_deduct")
        plan.catch_up, plan.since, plan.next_slot = CatchUp.ONCE, night - 9 * DAY, night + DAY
        schedule_changes.insert_missed(session, "auto_deduct", night - 3 * DAY, night, night, "Down.")
        assert slots.claim_latest(session, "auto_deduct", night + timedelta(hours=12), actor=OPERATOR) is None
        assert slots.claim_latest(session, "auto_deduct", night + timedelta(minutes=1), actor=OPERATOR) is None


def test_what_is_repaid_by_hand_on_the_real_day_counts_towards_the_maximum(backlog: Runtime) -> None:
    with backlog.db.transaction() as session:
        [row] = session.scalars(select(AutoDeduct)).all()
        order = MandateTerms(True, 30, 2_500, 0)
        auto_deduct_mandates.change(session, row.party_id, "NGN", order, version=1, at=clock.now(), actor=AMINA)
        money.repay(session, row.party_id, 2_000, "NGN", reference="hand", at=clock.now(), actor=DIVINE)
    run_job_now(backlog, "auto_deduct", at=clock.now() - DAY)

    assert sorted(taken(backlog)) == [500, 2_000]
