"""What an escrow pays after its reversal meets the debt that this reversal made, first and in the same transfer."""

import pytest

from tests.support import money
from tests.support.arguments import ByActor
from tests.support.market import AMINA, DIVINE, LATER, NOW, Market, wallet
from tests.support.read_back import why_unpaid
from tests.support.reversals import entries, left_by, let_go, owes, reverse, reversed_to_debt, spend, thaw
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import Policy
from webapp.models import Escrow
from webapp.services.approvals.escrow_executors import ReleaseEscrow
from webapp.services.disputes import disputes
from webapp.services.escrows import release as escrow_release
from webapp.services.escrows import release_preview
from webapp.services.payments.reversals.executors import ReverseTransfer
from webapp.services.read_models import decision_preview

JOB = job_actor("auto_release")


def released_by_job(market: Market, *escrows: Escrow) -> None:
    ids = [escrow.id for escrow in escrows]
    outcome = escrow_release.release_all(market.session, ids, at=LATER, actor=JOB, reason="expired", due_by=LATER)
    assert outcome.done == len(ids), outcome.refused


def test_a_release_after_a_reversal_meets_its_debt_and_not_the_wallet(market: Market) -> None:
    escrow = reversed_to_debt(market)
    assert (wallet(market.session, escrow.seller_id), owes(market.session, escrow.seller_id)) == (0, 9_500)

    let_go(market, "release", escrow.id)

    assert entries(market.session, escrow.id) == {"escrow": -10_000, "receivable seller": 9_500, "fees": 500}
    assert (wallet(market.session, escrow.seller_id), owes(market.session, escrow.seller_id)) == (0, 0)


def test_the_job_meets_it_too_and_pays_others_whole(market: Market) -> None:
    escrow, other = reversed_to_debt(market), market.escrow(10_000, fee=500)

    released_by_job(market, escrow, other)

    assert entries(market.session, escrow.id) == {"escrow": -10_000, "receivable seller": 9_500, "fees": 500}
    assert entries(market.session, other.id) == {"escrow": -10_000, "wallet seller": 9_500, "fees": 500}


def test_earnings_of_a_buffer_meet_it_too(market: Market) -> None:
    escrow = reversed_to_debt(market, policy="buffer")

    let_go(market, "release", escrow.id)

    assert entries(market.session, escrow.id) == {"pending seller": -10_000, "receivable seller": 9_500, "fees": 500}


def test_what_is_left_after_the_debt_goes_into_the_wallet(market: Market) -> None:
    escrow = market.escrow(10_000, fee=500)
    let_go(market, "release", escrow.id)
    spend(market, escrow.seller_id, 4_000)
    reverse(market, escrow.id)
    thaw(market, escrow.id)

    decision, about = ReleaseEscrow(reason="It came."), market.runtime.settings
    shown = decision_preview.of(
        market.session, "escrow.release", escrow.id, decision, at=NOW, actor=DIVINE, settings=about
    )
    let_go(market, "release", escrow.id)

    assert shown.sentence.endswith(
        "; NGN 40.00 of it meets the seller's debt of the reversal and NGN 55.00 goes into the wallet"
    )
    seller = {"receivable seller": 4_000, "wallet seller": 5_500}
    assert entries(market.session, escrow.id) == {"escrow": -10_000, **seller, "fees": 500}


def test_a_split_meets_only_the_debt_of_who_owes(market: Market) -> None:
    escrow = reversed_to_debt(market)
    resolution = DisputeResolution("split", "shared_fault", "Both.", 3_000, 7_000)
    dispute, settings = market.dispute(escrow), market.runtime.settings

    shown = decision_preview.of_resolution(
        market.session, dispute.id, resolution, at=NOW, actor=AMINA, settings=settings
    )
    disputes.resolve(
        market.session, dispute.id, resolution, version=dispute.version, at=NOW, actor=AMINA, settings=settings
    )

    parts = {"wallet buyer": 3_000, "receivable seller": 6_650, "fees": 350}
    assert entries(market.session, escrow.id) == {"escrow": -10_000, **parts}
    assert sorted(leg.amount for leg in shown.legs) == [-10_000, 350, 3_000, 6_650]
    assert shown.sentence.endswith("; NGN 66.50 of it meets the seller's debt of the reversal")
    assert owes(market.session, escrow.seller_id) == 2_850


def test_a_refund_after_a_reversed_refund_meets_the_buyers_debt(market: Market) -> None:
    escrow = market.escrow(10_000)
    let_go(market, "refund", escrow.id)
    spend(market, escrow.buyer_id, 10_000)
    reverse(market, escrow.id)
    thaw(market, escrow.id)

    let_go(market, "refund", escrow.id)

    assert entries(market.session, escrow.id) == {"escrow": -10_000, "receivable buyer": 10_000}


def test_a_refund_leaves_the_sellers_debt(market: Market) -> None:
    escrow = reversed_to_debt(market)

    let_go(market, "refund", escrow.id)

    assert entries(market.session, escrow.id) == {"escrow": -10_000, "wallet buyer": 10_000}
    assert owes(market.session, escrow.seller_id) == 9_500


def test_what_was_repaid_meanwhile_is_not_taken_again(market: Market) -> None:
    escrow = reversed_to_debt(market)
    session, seller = market.session, escrow.seller_id
    money.deposit(session, seller, 6_000, "NGN", reference="came", at=NOW, actor=DIVINE)
    money.repay(session, seller, 6_000, "NGN", reference="repaid", at=NOW, actor=DIVINE)

    let_go(market, "release", escrow.id)

    parts = {"receivable seller": 3_500, "wallet seller": 6_000, "fees": 500}
    assert entries(session, escrow.id) == {"escrow": -10_000, **parts}


@pytest.mark.parametrize("is_older", [True, False])
def test_other_debts_of_the_seller_stay(market: Market, is_older: bool) -> None:
    seller = market.party("seller")
    how: ByActor = {"at": NOW, "actor": DIVINE}
    if is_older:
        money.owe(market.session, seller.id, 2_000, "NGN", reference="other", **how)
    escrow = reversed_to_debt(market, seller=seller)
    if not is_older:
        money.owe(market.session, seller.id, 2_000, "NGN", reference="other", **how)

    let_go(market, "release", escrow.id)

    assert (wallet(market.session, seller.id), owes(market.session, seller.id)) == (0, 2_000)


def test_no_more_than_its_own_debt_is_met(market: Market) -> None:
    seller = market.party("seller")
    money.owe(market.session, seller.id, 2_000, "NGN", reference="other", at=NOW, actor=DIVINE)
    escrow = market.escrow(10_000, fee=500, seller=seller)
    let_go(market, "release", escrow.id)
    spend(market, seller.id, 4_000)
    reverse(market, escrow.id)
    thaw(market, escrow.id)

    let_go(market, "release", escrow.id)

    assert (wallet(market.session, seller.id), owes(market.session, seller.id)) == (5_500, 2_000)


def test_a_debt_that_was_repaid_is_not_met_out_of_a_newer_one(market: Market) -> None:
    escrow = reversed_to_debt(market)
    session, seller = market.session, escrow.seller_id
    how: ByActor = {"at": NOW, "actor": DIVINE}
    money.deposit(session, seller, 9_500, "NGN", reference="came", **how)
    money.repay(session, seller, 9_500, "NGN", reference="repaid", **how)
    money.owe(session, seller, 2_000, "NGN", reference="newer", **how)

    let_go(market, "release", escrow.id)

    assert (wallet(session, seller), owes(session, seller)) == (9_500, 2_000)


def test_two_escrows_of_one_seller_each_meet_their_own_at_once(market: Market) -> None:
    seller = market.party("seller")
    first = reversed_to_debt(market, 10_000, seller=seller)
    second = reversed_to_debt(market, 4_000, seller=seller)
    how: ByActor = {"at": NOW, "actor": DIVINE}
    money.deposit(market.session, seller.id, 1_000, "NGN", reference="came", **how)
    money.repay(market.session, seller.id, 1_000, "NGN", reference="repaid", **how)

    released_by_job(market, first, second)

    assert entries(market.session, first.id)["receivable seller"] == 8_500
    assert entries(market.session, second.id)["receivable seller"] == 3_500
    assert (wallet(market.session, seller.id), owes(market.session, seller.id)) == (1_000, 0)


def test_the_newer_of_two_leaves_the_older_its_own(market: Market) -> None:
    seller = market.party("seller")
    first = reversed_to_debt(market, 10_000, seller=seller)
    second = reversed_to_debt(market, 4_000, seller=seller)

    let_go(market, "release", second.id)
    assert owes(market.session, seller.id) == 9_500
    let_go(market, "release", first.id)

    assert (wallet(market.session, seller.id), owes(market.session, seller.id)) == (0, 0)


def test_a_release_that_met_the_debt_can_be_reversed_and_meets_it_again(market: Market) -> None:
    escrow = reversed_to_debt(market)
    for _ in range(2):
        let_go(market, "release", escrow.id)
        reverse(market, escrow.id)
        thaw(market, escrow.id)
        assert owes(market.session, escrow.seller_id) == 9_500

    let_go(market, "release", escrow.id)
    assert (wallet(market.session, escrow.seller_id), owes(market.session, escrow.seller_id)) == (0, 0)


def test_what_it_met_and_what_it_paid_become_one_debt_when_it_is_reversed_again(market: Market) -> None:
    escrow, settings = reversed_to_debt(market), market.runtime.settings
    session, seller = market.session, escrow.seller_id
    money.deposit(session, seller, 4_000, "NGN", reference="came", at=NOW, actor=DIVINE)
    money.repay(session, seller, 4_000, "NGN", reference="repaid", at=NOW, actor=DIVINE)
    let_go(market, "release", escrow.id)
    spend(market, seller, 4_000)

    decision = ReverseTransfer(reason="Wrong.", to_debt=True)
    transfer = left_by(session, escrow.id)
    shown = decision_preview.of(
        session, "transfer.reverse", transfer, decision, at=NOW, actor=DIVINE, settings=settings
    )
    reverse(market, escrow.id)

    debts = [(leg.amount, leg.balance_after) for leg in shown.legs if leg.label.startswith("receivable")]
    assert (debts, owes(session, seller)) == ([(-9_500, -9_500)], 9_500)


def test_the_escrows_page_and_tonight_say_it(market: Market) -> None:
    escrow = reversed_to_debt(market)

    said = why_unpaid(market.session, escrow.id, NOW)[-1]
    assert said == "Seller owes NGN 95.00 since it was reversed: a release meets that first."
    assert release_preview.debts_met(market.session, LATER, Policy.DEADLINE) == {"NGN": 9_500}


def test_the_preview_and_its_sentence_say_it(market: Market) -> None:
    escrow = reversed_to_debt(market)
    decision, settings = ReleaseEscrow(reason="It came."), market.runtime.settings

    shown = decision_preview.of(
        market.session, "escrow.release", escrow.id, decision, at=NOW, actor=DIVINE, settings=settings
    )

    assert [(leg.label.split()[0], leg.amount, leg.balance_after) for leg in shown.legs][1] == ("receivable", 9_500, 0)
    assert shown.sentence == (
        "release of NGN 100.00: NGN 95.00 to the seller after the fee of NGN 5.00; "
        "NGN 95.00 of it meets the seller's debt of the reversal"
    )
