"""Decisions of people: who gets what, who may, and what is refused."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.support import money
from tests.support.market import AMINA, BOSCO, CHIKA, DIVINE, NOW, VIEWER, Market, all_books_agree, pool, undone, wallet
from webapp.domain.actors import Actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.permissions import SCOPES
from webapp.domain.states import AccountKind, ApprovalStatus, DisputeStatus, EscrowStatus
from webapp.errors import Conflict, Invalid, NotAllowed, Overtaken
from webapp.models import Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.common import kill_switch
from webapp.services.disputes import disputes
from webapp.services.escrows import freezes
from webapp.services.payments.reversals import decisions as reversal_decisions

WHY = "The photos show it."


def split(buyer: int, seller: int) -> DisputeResolution:
    return DisputeResolution("split", "shared_fault", WHY, buyer, seller)


REFUND = DisputeResolution("refund_to_buyer", "evidence_for_buyer", WHY)
RELEASE = DisputeResolution("release_to_seller", "evidence_for_seller", WHY)
NO_FAULT = DisputeResolution("no_fault", "agreement", WHY)


def decide(
    market: Market, dispute_id: int, resolution: DisputeResolution, actor: Actor = AMINA
) -> approvals.DecisionResult:
    version = disputes.get(market.session, dispute_id).version
    return disputes.resolve(
        market.session, dispute_id, resolution, version=version, at=NOW, actor=actor, settings=market.runtime.settings
    )


def approve(market: Market, approval_id: int, actor: Actor = CHIKA) -> None:
    approvals.approve(market.session, approval_id, at=NOW, actor=actor, settings=market.runtime.settings)


def test_a_split_divides_every_unit_of_the_hold(market: Market) -> None:
    escrow = market.escrow(10_001)
    decide(market, market.dispute(escrow).id, split(6_001, 4_000))

    assert wallet(market.session, escrow.buyer_id) == 6_001
    assert wallet(market.session, escrow.seller_id) == 4_000
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.SPLIT


def test_the_fee_of_a_split_is_in_proportion_to_the_sellers_share(market: Market) -> None:
    escrow = market.escrow(10_000, fee=250)
    decide(market, market.dispute(escrow).id, split(6_000, 4_000))

    assert wallet(market.session, escrow.buyer_id) == 6_000
    assert wallet(market.session, escrow.seller_id) == 3_900


def test_a_refund_takes_no_fee(market: Market) -> None:
    escrow = market.escrow(10_000, fee=250)
    decide(market, market.dispute(escrow).id, REFUND)

    assert wallet(market.session, escrow.buyer_id) == 10_000
    assert wallet(market.session, escrow.seller_id) == 0


def test_a_release_pays_the_seller_less_the_fee(market: Market) -> None:
    escrow = market.escrow(10_000, fee=250)
    decide(market, market.dispute(escrow).id, RELEASE)

    assert wallet(market.session, escrow.seller_id) == 9_750


def test_no_fault_only_lifts_the_disputes_own_freeze(market: Market) -> None:
    escrow = market.escrow()
    freezes.freeze(market.session, escrow.id, "Looks odd.", at=NOW, actor=BOSCO)
    decide(market, market.dispute(escrow).id, NO_FAULT)

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.status, after.freezes) == (EscrowStatus.HELD, 1)


def test_a_persons_freeze_stops_a_decision_that_moves_money(market: Market) -> None:
    escrow = market.escrow()
    dispute = market.dispute(escrow)
    freezes.freeze(market.session, escrow.id, "Police asked", at=NOW, actor=BOSCO)

    with pytest.raises(Conflict, match=r"frozen by Bosco: Police asked\. Lift that first\."), undone(market.session):
        decide(market, dispute.id, REFUND)


def test_the_second_decider_is_told_of_the_first(market: Market) -> None:
    dispute = market.dispute()
    seen = dispute.version
    decide(market, dispute.id, REFUND)

    told = r"Amina resolved this dispute on 02 March 2026 at 09:30.*Your decision was not applied"
    with pytest.raises(Conflict, match=told):
        disputes.resolve(
            market.session, dispute.id, RELEASE, version=seen, at=NOW, actor=BOSCO, settings=market.runtime.settings
        )


def test_a_stale_form_changes_nothing(market: Market) -> None:
    dispute = market.dispute()

    with pytest.raises(Conflict, match="changed since you opened it"):
        disputes.resolve(
            market.session, dispute.id, REFUND, version=99, at=NOW, actor=AMINA, settings=market.runtime.settings
        )


@pytest.mark.parametrize(
    ("resolution", "field"),
    [
        (split(6_000, 4_001), "seller_amount"),
        (split(-1, 10_001), "buyer_amount"),
        (DisputeResolution("split", "agreement", WHY), "buyer_amount"),
        (split(10_000, 0), "seller_amount"),
        (DisputeResolution("refund_to_buyer", "agreement", "  "), "reason"),
        (DisputeResolution("refund_to_buyer", "because", WHY), "code"),
        (DisputeResolution("keep_it", "agreement", WHY), "resolution"),
    ],
)
def test_a_wrong_resolution_names_its_field(market: Market, resolution: DisputeResolution, field: str) -> None:
    dispute = market.dispute(market.escrow(10_000))

    with pytest.raises(Invalid) as refused:
        decide(market, dispute.id, resolution)

    assert list(refused.value.fields) == [field]
    assert disputes.get(market.session, dispute.id).status == DisputeStatus.OPENED


def test_above_the_limit_nothing_moves_until_another_person_approves(market: Market) -> None:
    market.limit(9_999)
    escrow = market.escrow(10_000)
    dispute = market.dispute(escrow)
    decided = decide(market, dispute.id, split(4_000, 6_000))

    assert decided.approval is not None
    assert not decided.executed
    assert wallet(market.session, escrow.buyer_id) == 0
    assert escrow_decisions.get(market.session, escrow.id).freezes == 2

    approve(market, decided.approval.id)
    assert wallet(market.session, escrow.buyer_id) == 4_000
    assert wallet(market.session, escrow.seller_id) == 6_000
    assert approvals.get(market.session, decided.approval.id).status == ApprovalStatus.EXECUTED
    assert disputes.get(market.session, dispute.id).status == DisputeStatus.RESOLVED


def test_no_limit_set_means_that_every_decision_needs_two(market: Market) -> None:
    market.limit(10**9, currency="KES")

    assert not decide(market, market.dispute(market.escrow(1)).id, REFUND).executed


def test_the_limit_is_cumulative_per_actor_and_day(market: Market) -> None:
    market.limit(15_000)

    assert decide(market, market.dispute(market.escrow(10_000)).id, REFUND).executed
    assert not decide(market, market.dispute(market.escrow(10_000)).id, REFUND).executed
    assert decide(market, market.dispute(market.escrow(10_000)).id, REFUND, BOSCO).executed


def test_nobody_approves_their_own_proposal(market: Market) -> None:
    market.limit(0)
    decided = decide(market, market.dispute().id, REFUND, CHIKA)

    assert decided.approval is not None
    with pytest.raises(NotAllowed, match="another person"):
        approve(market, decided.approval.id)
    approve(market, decided.approval.id, DIVINE)


def test_a_token_never_approves(market: Market) -> None:
    market.limit(0)
    decided = decide(market, market.dispute().id, REFUND)
    token = Actor("token", 1, "machine", frozenset().union(*SCOPES.values()))

    assert decided.approval is not None
    with pytest.raises(NotAllowed):
        approve(market, decided.approval.id, token)


def test_a_rejected_proposal_gives_the_dispute_back(market: Market) -> None:
    market.limit(0)
    escrow = market.escrow()
    dispute = market.dispute(escrow)
    decided = decide(market, dispute.id, REFUND)

    assert decided.approval is not None
    approvals.reject(market.session, decided.approval.id, "The photos are older.", at=NOW, actor=CHIKA)
    assert disputes.get(market.session, dispute.id).status == DisputeStatus.UNDER_REVIEW
    assert escrow_decisions.get(market.session, escrow.id).freezes == 1
    assert not decide(market, dispute.id, RELEASE).executed


def test_a_proposal_whose_escrow_changed_is_not_executed(market: Market) -> None:
    market.limit(0)
    escrow = market.escrow()
    decided = escrow_decisions.release(
        market.session, escrow.id, WHY, version=escrow.version, at=NOW, actor=AMINA, settings=market.runtime.settings
    )
    freezes.freeze(market.session, escrow.id, "New facts.", at=NOW, actor=BOSCO)

    assert decided.approval is not None
    with pytest.raises(Conflict, match="changed since the decision was proposed"):
        approve(market, decided.approval.id)


def test_a_viewer_decides_nothing(market: Market) -> None:
    dispute = market.dispute()

    with pytest.raises(NotAllowed):
        decide(market, dispute.id, REFUND, VIEWER)


def test_stopped_money_stops_people_too(market: Market) -> None:
    dispute = market.dispute()
    kill_switch.stop(market.session, "Fraud wave.", at=NOW, actor=DIVINE)

    with pytest.raises(Conflict, match="Fraud wave"), undone(market.session):
        decide(market, dispute.id, REFUND)
    kill_switch.resume(market.session, "It is over.", at=NOW, actor=DIVINE)
    assert decide(market, dispute.id, REFUND).executed


def test_a_reversal_holds_the_money_again_until_someone_decides(market: Market) -> None:
    escrow = market.escrow(10_000, fee=250)
    decide(market, market.dispute(escrow).id, RELEASE)
    transfer = _left_by(market, escrow.id)
    reversal_decisions.reverse(
        market.session, transfer, "Wrong side.", at=NOW, actor=DIVINE, settings=market.runtime.settings
    )

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.status, after.hold_no, after.freezes) == (EscrowStatus.HELD, 2, 1)
    assert wallet(market.session, escrow.seller_id) == 0


def test_a_reversal_of_an_emptied_wallet_is_refused_unless_it_becomes_a_debt(market: Market) -> None:
    escrow = market.escrow(10_000)
    decide(market, market.dispute(escrow).id, RELEASE)
    _empty(market, escrow.seller_id, 7_000)
    transfer, settings = _left_by(market, escrow.id), market.runtime.settings

    with pytest.raises(Conflict, match=r"holds only NGN 30\.00"), undone(market.session):
        reversal_decisions.reverse(market.session, transfer, "Wrong.", at=NOW, actor=DIVINE, settings=settings)
    reversal_decisions.reverse(
        market.session, transfer, "Wrong.", to_debt=True, at=NOW, actor=DIVINE, settings=settings
    )
    assert wallet(market.session, escrow.seller_id) == 0


def test_a_warranty_claim_freezes_and_is_decided_like_a_dispute(market: Market) -> None:
    escrow = market.escrow(8_000, policy="buffer")
    decide(market, market.dispute(escrow, "warranty_claim").id, REFUND)

    assert wallet(market.session, escrow.buyer_id) == 8_000


def test_the_pool_is_empty_when_everything_has_left(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**9)
        for resolution in (REFUND, RELEASE, split(1, 9_999)):
            decide(market, market.dispute(market.escrow(10_000, fee=100)).id, resolution)
    with runtime.db.reading() as session:
        assert pool(session) == 0
        assert pool(session, AccountKind.FEES) == 100 + 99
    all_books_agree(runtime)


def _left_by(market: Market, escrow_id: int) -> int:
    return market.session.scalars(
        select(Transfer.id).where(Transfer.escrow_id == escrow_id, Transfer.is_disbursement)
    ).one()


def _empty(market: Market, party_id: int, amount: int) -> None:
    money.owe(market.session, party_id, amount, "NGN", reference=f"debt-{party_id}", at=NOW, actor=DIVINE)
    money.repay(market.session, party_id, amount, "NGN", reference=f"pay-{party_id}", at=NOW, actor=DIVINE)


def test_no_token_approves_whatever_it_may(market: Market) -> None:
    market.limit(0)
    decided = decide(market, market.dispute().id, REFUND)
    token = Actor("token", 1, "machine", frozenset(CHIKA.permissions))

    assert decided.approval is not None
    for act in (approvals.approve, approvals.reject):
        how: Any = {"settings": market.runtime.settings} if act is approvals.approve else {"reason": WHY}
        with pytest.raises(NotAllowed, match="Only a person approves"):
            act(market.session, decided.approval.id, at=NOW, actor=token, **how)


def test_a_proposal_is_not_approved_after_its_time(market: Market) -> None:
    market.limit(0)
    decided = decide(market, market.dispute().id, REFUND)

    assert decided.approval is not None
    with pytest.raises(Overtaken, match="time to decide this is over"):
        approvals.approve(
            market.session,
            decided.approval.id,
            at=decided.approval.expires_at,
            actor=CHIKA,
            settings=market.runtime.settings,
        )


def test_a_decided_proposal_is_not_decided_again(market: Market) -> None:
    """Neither by a form nor by a job that had looked before: the update itself asks."""
    market.limit(0)
    decided = decide(market, market.dispute().id, REFUND)

    assert decided.approval is not None
    approve(market, decided.approval.id)
    with pytest.raises(Overtaken, match="decided this already"):
        approve(market, decided.approval.id, DIVINE)
    known = approvals.get(market.session, decided.approval.id)
    with pytest.raises(Overtaken, match="at the same moment"):
        approvals._decide(market.session, known, ApprovalStatus.EXPIRED, NOW, DIVINE, None)


def test_while_a_proposal_waits_nothing_else_is_decided(market: Market) -> None:
    market.limit(0)
    escrow = market.escrow()
    for again in (False, True):
        known = escrow_decisions.get(market.session, escrow.id)
        how: Any = {"version": known.version, "at": NOW, "actor": AMINA, "settings": market.runtime.settings}
        if again:
            with pytest.raises(Overtaken, match="Amina proposed a decision already"), undone(market.session):
                escrow_decisions.release(market.session, escrow.id, WHY, **how)
        else:
            escrow_decisions.refund(market.session, escrow.id, WHY, **how)
