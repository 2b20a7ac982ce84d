"""What stands between a doubt and a second sending, each alone: asking first, looking first, the fence of the run."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.jobs.steps.test_fault_modes import refunding, settled
from tests.support.job_runs import run_job_now
from tests.support.payouts import planned, written
from tests.support.sandbox import Sandbox, runtime, world  # noqa: F401
from webapp import clock
from webapp.domain.states import RunStatus
from webapp.jobs.steps import send_payouts, send_refunds
from webapp.models import Payout, Refund, Run
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime
from webapp.services.payouts import payouts
from webapp.services.refunds import refunds
from webapp.services.scheduling import orphaned_runs, run_progress, runs
from webapp.services.scheduling.run_progress import RunLease, RunLost

JOB = "deliver_outbox"


def test_a_payout_that_may_have_been_sent_is_asked_about_not_sent(
    runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    """The reference alone would make it harmless there, and only there: nothing is sent that is in doubt."""
    written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        [taken] = payouts.claim_due(session, clock.now(), 10, send_payouts.LEASE, ["paystack"])
    with EffectLease(send_payouts.LEASE).held():
        send_payouts.send(runtime, taken)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(next_try_at=clock.now()))
        [again] = payouts.claim_due(session, clock.now(), 10, send_payouts.LEASE, ["paystack"])
        session.execute(update(Payout).values(next_try_at=clock.now()))
    assert (taken.may_send, again.may_send) == (True, False)
    settled(runtime)

    assert posted["transfer"] == 1
    with runtime.db.reading() as session:
        assert session.scalars(select(Payout.status)).all() == ["succeeded"]


def test_a_refund_that_is_there_already_is_found_not_sent(
    runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    """It waits as if it had never been sent, and somebody's late request went through all the same."""
    refunding(runtime, world)
    with runtime.db.transaction() as session:
        [giving] = refunds.claim_due(session, clock.now(), 10, send_refunds.LEASE)
    assert giving.may_send
    with EffectLease(send_refunds.LEASE).held():
        send_refunds.give(runtime, giving)
    with runtime.db.transaction() as session:
        session.execute(update(Refund).values(status="waiting", next_try_at=clock.now()))
    run_job_now(runtime, JOB)

    assert posted["refund"] == 1
    assert len(world.control("store", method="GET")["paystack.refund"]) == 1
    with runtime.db.reading() as session:
        assert session.scalars(select(Refund.status)).one() in ("pending", "processed")


def test_a_process_whose_run_another_carries_on_writes_nothing_to_it(runtime: Runtime, world: Sandbox) -> None:
    """It runs again, so its status says nothing: the number of the attempt does."""
    run_job_now(runtime, JOB)
    lease = timedelta(seconds=30)
    with runtime.db.transaction() as session:
        run = session.scalars(select(Run)).one()
        session.execute(update(Run).values(status="queued", finished_at=None))
        run_progress.start(session, run.id, clock.now(), lease)
    with runtime.db.transaction() as session:
        assert orphaned_runs.take_over(session, run.id, clock.now() + timedelta(minutes=5)) is not None
    with runtime.db.transaction() as session:
        assert run_progress.start(session, run.id, clock.now(), lease) is not None
        old, new = RunLease(run.id, 1, lease), RunLease(run.id, 2, lease)
        run_progress.fence(session, new, clock.now())
        for write in (
            lambda: run_progress.fence(session, old, clock.now()),
            lambda: run_progress.add(session, old, run_progress.Progress(succeeded=1), run_progress.RunTotals(), None),
            lambda: run_progress.finish(session, old, RunStatus.SUCCEEDED, clock.now(), None),
        ):
            with pytest.raises(RunLost):
                write()
        run_progress.hand_back(session, old)
        assert (runs.get(session, run.id).status, runs.get(session, run.id).attempt) == ("running", 2)
