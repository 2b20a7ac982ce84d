"""The watch: what lapses with time."""

from datetime import timedelta

from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, Market, all_books_agree
from webapp import clock
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.disputes import disputes
from webapp.services.disputes import handling as dispute_handling


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
