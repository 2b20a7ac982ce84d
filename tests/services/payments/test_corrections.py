"""Reverse and refund, reverse and split: one decision, one approval, both transfers in one transaction."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, all_books_agree, undone, wallet
from tests.support.reversals import entries, left_by, let_go, owes, reverse, spend
from webapp.domain.actors import Actor
from webapp.domain.states import ApprovalStatus, EscrowStatus, FreezeCause
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Audit, Escrow, Event, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.common import kill_switch
from webapp.services.escrows import freezes, taken_back
from webapp.services.payments.reversals import corrections
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer
from webapp.services.read_models import decision_preview

WHY = "It was the wrong side."


def paid_and_spent(market: Market, spent: int = 9_500) -> Escrow:
    escrow = market.escrow(10_000, fee=500)
    let_go(market, "release", escrow.id)
    if spent:
        spend(market, escrow.seller_id, spent)
    return escrow


def correct(
    market: Market, escrow: Escrow, action: str, decision: ReverseTransfer, actor: Actor = DIVINE
) -> DecisionResult:
    transfer, settings = left_by(market.session, escrow.id), market.runtime.settings
    return reversal_decisions.correct(
        market.session, action, transfer, decision, at=NOW, actor=actor, settings=settings
    )


def refund(market: Market, escrow: Escrow, actor: Actor = DIVINE, *, to_debt: bool = True) -> DecisionResult:
    return correct(market, escrow, "transfer.reverse_and_refund", ReverseAndRefund(reason=WHY, to_debt=to_debt), actor)


def split(market: Market, escrow: Escrow, buyer: int, seller: int) -> DecisionResult:
    decision = ReverseAndSplit(reason=WHY, to_debt=True, buyer_amount=buyer, seller_amount=seller)
    return correct(market, escrow, "transfer.reverse_and_split", decision)


def test_it_takes_back_from_the_seller_and_refunds_the_buyer_at_once(market: Market) -> None:
    escrow = paid_and_spent(market, 4_000)

    decided = refund(market, escrow)

    after, session = escrow_decisions.get(market.session, escrow.id), market.session
    assert decided.executed
    assert (after.status, after.hold_no, after.freezes) == (EscrowStatus.REFUNDED, 2, 0)
    assert entries(session, escrow.id) == {"escrow": -10_000, "wallet buyer": 10_000}
    assert (wallet(session, escrow.seller_id), owes(session, escrow.seller_id)) == (0, 4_000)
    kinds = session.scalars(select(Transfer.kind).where(Transfer.escrow_id == escrow.id).order_by(Transfer.id))
    assert list(kinds) == ["hold", "release", "reversal", "refund"]


def test_a_sellers_part_of_the_split_meets_the_debt_of_this_very_reversal(market: Market) -> None:
    escrow = paid_and_spent(market)

    split(market, escrow, 3_000, 7_000)

    parts = {"wallet buyer": 3_000, "receivable seller": 6_650, "fees": 350}
    assert entries(market.session, escrow.id) == {"escrow": -10_000, **parts}
    assert (wallet(market.session, escrow.seller_id), owes(market.session, escrow.seller_id)) == (0, 2_850)


def test_both_steps_are_one_preview_whose_sentence_says_them(market: Market) -> None:
    escrow, session = paid_and_spent(market), market.session
    decision = ReverseAndSplit(reason=WHY, to_debt=True, buyer_amount=3_000, seller_amount=7_000)
    transfer, about = left_by(session, escrow.id), market.runtime.settings

    shown = decision_preview.of(
        session, "transfer.reverse_and_split", transfer, decision, at=NOW, actor=DIVINE, settings=about
    )

    debts = [(leg.amount, leg.balance_after) for leg in shown.legs if leg.label.startswith("receivable")]
    assert debts == [(-9_500, -9_500), (6_650, -2_850)]
    fees = [(leg.amount, leg.balance_after) for leg in shown.legs if leg.label.startswith("fees")]
    assert [amount for amount, _ in fees] == [-500, 350]
    assert fees[1][1] == fees[0][1] + 350
    reference = session.get_one(Transfer, transfer).reference
    assert shown.sentence == (
        f"reversal of NGN 100.00, transfer {reference}; Seller owes NGN 95.00 of it; then split of NGN 100.00: "
        "NGN 30.00 to the buyer, NGN 66.50 to the seller after the fee of NGN 3.50; "
        "NGN 66.50 of it meets the seller's debt of the reversal"
    )


def test_above_the_limit_it_is_one_proposal_and_nothing_moves_before_its_approval(market: Market) -> None:
    market.limit(0)
    escrow = market.escrow(10_000)
    settings: Any = market.runtime.settings
    asked = escrow_decisions.release(
        market.session, escrow.id, WHY, version=escrow.version, at=NOW, actor=DIVINE, settings=settings
    )
    assert asked.approval is not None
    approvals.approve(market.session, asked.approval.id, at=NOW, actor=CHIKA, settings=settings)

    proposed = refund(market, escrow)
    assert proposed.approval is not None
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.RELEASED
    approved = approvals.approve(market.session, proposed.approval.id, at=NOW, actor=CHIKA, settings=settings)

    assert approvals.get(market.session, proposed.approval.id).status == ApprovalStatus.EXECUTED, approved
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.REFUNDED
    assert (wallet(market.session, escrow.buyer_id), wallet(market.session, escrow.seller_id)) == (10_000, 0)


def test_each_step_has_its_audit_record_and_its_event(market: Market) -> None:
    escrow = paid_and_spent(market)
    last = market.session.scalars(select(Event.id).order_by(Event.id.desc()).limit(1)).one()

    split(market, escrow, 3_000, 7_000)

    told = market.session.scalars(select(Event.type).where(Event.id > last).order_by(Event.id))
    assert list(told) == ["transfer.reversed", "escrow.split"]
    records = select(Audit.action).where(Audit.reason == WHY).order_by(Audit.pos)
    assert list(market.session.scalars(records)) == ["transfer.reverse", "escrow.split"]


def test_it_takes_the_permission_of_both(market: Market) -> None:
    escrow = paid_and_spent(market)
    for lacking in ("money:reverse", "money:propose"):
        actor = Actor("user", 9, "Nobody", DIVINE.permissions - {lacking}, roles=("admin",))
        with pytest.raises(NotAllowed), undone(market.session):
            refund(market, escrow, actor)
    with pytest.raises(NotAllowed), undone(market.session):
        refund(market, escrow, AMINA)


def test_an_emptied_wallet_refuses_both_steps_unless_it_becomes_a_debt(market: Market) -> None:
    escrow = paid_and_spent(market)

    with pytest.raises(Conflict, match=r"holds only NGN 0\.00"), undone(market.session):
        refund(market, escrow, to_debt=False)
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.RELEASED


def test_stopped_money_stops_it_whole(market: Market) -> None:
    escrow = paid_and_spent(market, 0)
    kill_switch.stop(market.session, "Fraud wave.", at=NOW, actor=DIVINE)

    with pytest.raises(Conflict, match="Fraud wave"), undone(market.session):
        refund(market, escrow)
    kill_switch.resume(market.session, "Over.", at=NOW, actor=DIVINE)


def test_a_split_must_sum_to_what_is_held_and_a_refund_is_not_refunded_again(market: Market) -> None:
    escrow = paid_and_spent(market)
    with pytest.raises(Invalid, match="must sum"), undone(market.session):
        split(market, escrow, 1, 2)
    refund(market, escrow)
    with pytest.raises(Conflict, match="nothing to correct"), undone(market.session):
        refund(market, escrow)


def test_what_would_be_frozen_at_once_is_not_paid_out(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    escrow = paid_and_spent(market)
    gone = [(FreezeCause.CHARGEBACK, 1, "Chargeback 7 at paystack is open.")]
    monkeypatch.setattr(taken_back, "freezing_again", lambda *_: iter(gone))

    with pytest.raises(Conflict, match="Chargeback 7 at paystack is open"), undone(market.session):
        refund(market, escrow)


def test_the_constraint_alone_keeps_a_frozen_one(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the look miss what freezes it, nothing of both steps is left."""
    escrow = paid_and_spent(market)
    monkeypatch.setattr(corrections, "require_escrow", lambda session, transfer, escrow: escrow)
    again = taken_back.freeze_again

    def freeze(session: Any, escrow: Escrow, **how: Any) -> None:
        again(session, escrow, **how)
        freezes.require(session, escrow.id, FreezeCause.CHARGEBACK, 1, "It is open.", **how)

    monkeypatch.setattr(taken_back, "freeze_again", freeze)
    with pytest.raises(Conflict, match="changed meanwhile"), undone(market.session):
        refund(market, escrow)
    assert escrow_decisions.get(market.session, escrow.id).status == EscrowStatus.RELEASED


def test_a_reversal_alone_is_still_held_frozen(market: Market) -> None:
    escrow = paid_and_spent(market)
    reverse(market, escrow.id)

    after = escrow_decisions.get(market.session, escrow.id)
    assert (after.status, after.freezes) == (EscrowStatus.HELD, 1)


def test_what_was_reversed_is_not_reversed_again(market: Market) -> None:
    escrow = paid_and_spent(market, 0)
    first = left_by(market.session, escrow.id)
    reverse(market, escrow.id)
    with pytest.raises(Conflict, match="was reversed already"), undone(market.session):
        reversal_decisions.reverse(market.session, first, WHY, at=NOW, actor=DIVINE, settings=market.runtime.settings)


def test_a_split_is_given_the_same_way_once_more(runtime: Runtime) -> None:
    """What it takes back and gives sums to nothing in the day's figures."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**9)
        escrow = market.escrow(10_000)
        let_go(market, "release", escrow.id)
        split(market, escrow, 4_000, 6_000)
        session.refresh(escrow)
    with runtime.db.transaction() as session:
        again = session.get_one(Escrow, escrow.id)
        assert split(Market(session, runtime), again, 4_000, 6_000).executed
    all_books_agree(runtime)
