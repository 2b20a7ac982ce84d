"""What a run says besides what it moved: what came back meanwhile, and what of it met debts."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.support import payouts as payouts_of
from tests.support import reversals
from tests.support.job_runs import run_job_now
from tests.support.market import NOW, Market
from tests.support.sandbox import sandbox, world  # noqa: F401
from tests.support.taken_back import Case, case, runtime  # noqa: F401
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.jobs.engine.run_recorder import RunRecorder
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Payout, Refund, Run
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome, added
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.scheduling import run_progress, run_queries, runs


@pytest.mark.parametrize("was_taken", [True, False])
def test_what_its_provider_had_taken_comes_back_beside_what_went_out(runtime: Runtime, was_taken: bool) -> None:
    """What was refused went nowhere, so it is in neither sum."""
    register_jobs(runtime)
    numbers = [payouts_of.written(runtime, payouts_of.planned(runtime)) for _ in range(3)]
    fates = (ProviderStatus.SUCCEEDED, ProviderStatus.FAILED, ProviderStatus.REVERSED)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(status="sending", attempts=1))
        if was_taken:
            session.execute(update(Payout).where(Payout.id != numbers[0]).values(status="sent", provider_id="TRF_0"))
        found = {number: session.get_one(Payout, number) for number in numbers}
        words = {
            number: ProviderResponse(payout.ref, status, payout.amount, payout.currency, f"TRF_{number}")
            for (number, payout), status in zip(found.items(), fates, strict=True)
        }
        actor = job_actor("process_payout_schedules")
        outcome = payout_settlement.settle_all(session, words, at=clock.now(), actor=actor)
    assert outcome.amounts == {"NGN": 4_000}
    assert outcome.other_amounts == ({"came_back": {"NGN": 8_000}} if was_taken else {})


def test_a_refund_that_fails_in_a_run_came_back_in_it(case: Case) -> None:
    case.refund()
    run_job_now(case.runtime, "deliver_outbox")
    [row] = case.world.control("store?kind=paystack.refund", method="GET")["paystack.refund"]
    case.world.control(f"refunds/{row['number']}", {"outcome": "failed"})
    with case.runtime.db.transaction() as session:
        session.execute(update(Refund).values(next_try_at=clock.now() - timedelta(seconds=1)))
    run = run_job_now(case.runtime, "deliver_outbox")
    assert (run.amounts, run.other_amounts) == ({}, {"came_back": {"NGN": 10_000}})
    assert run_queries.as_json(run)["came_back"] == {"NGN": 10_000}


def test_a_dry_run_and_the_run_say_what_meets_debts(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=NOW)
        escrow = reversals.reversed_to_debt(market, release_at=NOW - timedelta(hours=1))
        owed = reversals.owes(session, escrow.seller_id)
    assert owed > 0
    dry = run_job_now(runtime, "auto_release", dry_run=True)
    run = run_job_now(runtime, "auto_release")
    assert (dry.amounts, dry.other_amounts) == (run.amounts, {"debts_met": {"NGN": owed}})
    assert (run.amounts["NGN"] >= 10_000, run.other_amounts) == (True, {"debts_met": {"NGN": owed}})


def test_sums_of_several_transactions_add_up_and_outlive_an_attempt(runtime: Runtime) -> None:
    run = run_job_now(runtime, "verify_books")
    with runtime.db.transaction() as session:
        session.execute(update(Run).where(Run.id == run.id).values(status="running"))
    for _attempt in range(2):
        with runtime.db.reading() as session:
            recorder = RunRecorder(runtime, runs.get(session, run.id), timedelta(minutes=1))
        outcome = Outcome("payout")
        outcome.note("came_back", "NGN", 100)
        outcome.note("came_back", "KES", 7)
        with runtime.db.transaction() as session:
            recorder.count(session, outcome)
        recorder.committed()
    with runtime.db.reading() as session:
        assert runs.get(session, run.id).other_amounts == {"came_back": {"NGN": 200, "KES": 14}}
    assert added({"a": {"NGN": 1}}, {"a": {"NGN": 2}, "b": {"NGN": 3}}) == {"a": {"NGN": 3}, "b": {"NGN": 3}}
    assert run_progress.RunTotals().other_amounts == {}
