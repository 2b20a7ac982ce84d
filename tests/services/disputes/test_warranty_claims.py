"""Backjobs: a complaint about finished work, while its earning is pending."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, undone, wallet
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import EscrowStatus, Policy
from webapp.errors import Conflict
from webapp.models import Escrow, Transfer
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.disputes import disputes
from webapp.services.escrows import release as escrow_release
from webapp.services.orders import orders
from webapp.services.read_models import decision_preview

WHY = "The repair holds."
REJECT = DisputeResolution("release_to_seller", "evidence_for_seller", WHY)
UPHOLD = DisputeResolution("refund_to_buyer", "evidence_for_buyer", "It leaks still.")
NO_FAULT = DisputeResolution("no_fault", "agreement", WHY)
DUE = NOW + timedelta(days=7)


def earning(market: Market, fee: int = 250) -> Escrow:
    """Finished work that the buyer approved: its earning is pending for seven days."""
    escrow = market.escrow(10_000, fee=fee, policy="buffer")
    orders.complete(market.session, escrow.order_id, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    return escrow_decisions.get(market.session, escrow.id)


def decide(
    market: Market, escrow: Escrow, resolution: DisputeResolution, *, at: datetime = NOW
) -> approvals.DecisionResult:
    dispute = market.dispute(escrow, "warranty_claim")
    settings = market.runtime.settings
    return disputes.resolve(
        market.session, dispute.id, resolution, version=dispute.version, at=at, actor=AMINA, settings=settings
    )


def run(market: Market, escrow: Escrow, at: datetime) -> int:
    return escrow_release.release_all(
        market.session, [escrow.id], at=at, actor=job_actor("x"), reason="buffer_over", due_by=at, policy=Policy.BUFFER
    ).done


def test_an_open_claim_keeps_the_earning_where_it_is(market: Market) -> None:
    escrow = earning(market)
    market.dispute(escrow, "warranty_claim")

    assert run(market, escrow, DUE + timedelta(days=30)) == 0
    with pytest.raises(Conflict, match="frozen"), undone(market.session):
        escrow_decisions.release(
            market.session,
            escrow.id,
            WHY,
            version=escrow_decisions.get(market.session, escrow.id).version,
            at=NOW,
            actor=AMINA,
            settings=market.runtime.settings,
        )


@pytest.mark.parametrize("resolution", [REJECT, NO_FAULT])
@pytest.mark.parametrize("decided", [NOW + timedelta(days=1), DUE + timedelta(days=3)])
def test_a_rejection_pays_nobody_and_the_later_of_date_and_decision_counts(
    market: Market, resolution: DisputeResolution, decided: datetime
) -> None:
    escrow = earning(market)
    came = decide(market, escrow, resolution, at=decided)
    due = max(DUE, decided) + timedelta(hours=24)

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.status, after.freezes, after.release_at) == (EscrowStatus.HELD, 0, due)
    assert "nobody is paid now" in came.sentence
    assert wallet(market.session, escrow.seller_id) == 0
    assert run(market, escrow, due - timedelta(seconds=1)) == 0
    assert run(market, escrow, due) == 1
    assert wallet(market.session, escrow.seller_id) == 9_750


def test_a_rejection_is_previewed_as_what_it_is(market: Market) -> None:
    dispute = market.dispute(earning(market), "warranty_claim")
    preview = decision_preview.of_resolution(
        market.session, dispute.id, REJECT, at=NOW, actor=AMINA, settings=market.runtime.settings
    )

    assert preview.legs == []
    assert preview.sentence == (
        "the claim is rejected: NGN 100.00 stays held until 10 March 2026 at 09:30 UTC, nobody is paid now; "
        "then it is NGN 97.50 to the seller after the fee of NGN 2.50"
    )


def test_a_rejection_needs_no_wallet_of_the_seller(market: Market) -> None:
    escrow = market.escrow(5_000, policy="buffer", seller=market.party("Nia", wallet=None))
    assert decide(market, escrow, REJECT).executed
    assert escrow_decisions.get(market.session, escrow.id).release_at is None


def test_a_claim_that_is_upheld_refunds_the_client(market: Market) -> None:
    escrow = earning(market)
    decide(market, escrow, UPHOLD)

    assert wallet(market.session, escrow.buyer_id) == 10_000
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.REFUNDED


def test_a_withdrawn_claim_waits_like_a_rejected_one(market: Market) -> None:
    escrow = earning(market)
    dispute = market.dispute(escrow, "warranty_claim")
    settings = market.runtime.settings
    disputes.withdraw(
        market.session, dispute.id, "It was fixed.", version=dispute.version, at=NOW, actor=AMINA, settings=settings
    )

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.freezes, after.release_at) == (0, DUE + timedelta(hours=24))


def test_above_the_limit_a_rejection_waits_for_its_second_person(market: Market) -> None:
    market.limit(0)
    escrow = earning(market)
    came = decide(market, escrow, REJECT, at=DUE)
    assert not came.executed
    assert came.approval is not None
    later = DUE + timedelta(days=1)
    approvals.approve(market.session, came.approval.id, at=later, actor=CHIKA, settings=market.runtime.settings)

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.status, after.freezes, after.release_at) == ("held", 0, later + timedelta(hours=24))


def test_a_plain_dispute_still_pays_at_once(market: Market) -> None:
    escrow = earning(market)
    dispute = market.dispute(escrow)
    settings = market.runtime.settings
    disputes.resolve(market.session, dispute.id, REJECT, version=1, at=NOW, actor=AMINA, settings=settings)

    assert wallet(market.session, escrow.seller_id) == 9_750
    kinds = select(Transfer.kind).where(Transfer.escrow_id == escrow.id).order_by(Transfer.id)
    assert list(market.session.scalars(kinds)) == ["pending_earning", "earning"]
