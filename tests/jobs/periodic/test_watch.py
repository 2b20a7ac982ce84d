"""The watch: what lapses with time."""

from datetime import timedelta

from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, Market, all_books_agree
from webapp import clock
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.disputes import disputes
from webapp.services.disputes import handling as dispute_handling
from webapp.services.scheduling import runs


def test_watch_lets_a_proposal_lapse_and_gives_the_dispute_back(runtime: Runtime) -> None:
    at, settings = clock.now() - timedelta(hours=80), runtime.settings
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=at)
        dispute = market.dispute()
        resolution = DisputeResolution("refund_to_buyer", "agreement", "They agreed.")
        decided = disputes.resolve(session, dispute.id, resolution, version=1, at=at, actor=AMINA, settings=settings)
    run_job_now(runtime, "watch")

    with runtime.db.reading() as session:
        assert decided.approval is not None
        assert approvals.get(session, decided.approval.id).status == "expired"
        assert disputes.get(session, dispute.id).status == "under_review"
        assert escrow_decisions.get(session, dispute.escrow_id).freezes == 1
    all_books_agree(runtime)


def test_watch_marks_a_party_that_did_not_answer(runtime: Runtime) -> None:
    at = clock.now() - timedelta(hours=80)
    with runtime.db.transaction() as session:
        dispute = Market(session, runtime, at=at).dispute()
        dispute_handling.ask(
            session, dispute.id, "seller", "Please answer.", at=at, actor=AMINA, settings=runtime.settings
        )
    run_job_now(runtime, "watch")

    with runtime.db.reading() as session:
        assert disputes.get(session, dispute.id).status == "expired"


def test_without_redis_it_looks_at_everything_but_the_queue(sqlite_runtime: Runtime) -> None:
    """A run waits, so that there is something that it would hand to Redis."""
    register_jobs(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        waiting = runs.trigger(session, "verify_books", actor=OPERATOR)
    assert run_job_now(sqlite_runtime, "watch").status == "succeeded"
    with sqlite_runtime.db.reading() as session:
        assert runs.get(session, waiting.id).status == "queued"
        assert "Redis can't be used" in alerts.unresolved_sentence(session, "redis_unwell", "redis")
