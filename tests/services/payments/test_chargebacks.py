"""A payer's bank disputes a payment: one state, fed by what the provider answers, in any order of its events."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.support.arguments import ByActorUnderSettings, OfVersion
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, DIVINE
from tests.support.sandbox import sandbox, world  # noqa: F401
from tests.support.taken_back import WHY, Case, case, runtime  # noqa: F401
from webapp import clock
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import AccountKind, FreezeCause
from webapp.errors import Conflict
from webapp.models import Alert, Approval, Audit, Chargeback, Dispute, Refund, Transfer
from webapp.services.approvals import approvals, limits
from webapp.services.approvals.escrow_executors import RefundEscrow
from webapp.services.disputes import disputes, evidence
from webapp.services.disputes import handling as dispute_handling
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals import transfers as reversal_transfers
from webapp.services.payments.reversals.executors import ReverseTransfer
from webapp.services.read_models import decision_preview, escrow_detail


def test_one_that_is_open_freezes_for_itself_and_opens_one_dispute(case: Case) -> None:
    number = case.charged_back(4_000)
    for outcome in ("reminded", "reminded", "open"):
        case.bank(number, outcome)

    assert sorted(case.causes()) == [FreezeCause.CHARGEBACK, FreezeCause.DISPUTE]
    assert case.alerts() == ["chargeback"]
    with case.runtime.db.reading() as session:
        [dispute] = session.scalars(select(Dispute)).all()
        assert (dispute.reason_code, dispute.claimant) == ("chargeback", "buyer")
        assert "NGN 40.00" in dispute.claim
        [bank] = session.scalars(select(Chargeback)).all()
        assert (bank.dispute_id, bank.amount, bank.status) == (dispute.id, 4_000, "open")
        assert dispute.due_at is not None
        assert bank.due_at is not None
        assert dispute.due_at <= bank.due_at
        with pytest.raises(Conflict, match="hargeback"):
            _preview_refund(case, session)
    case.night()
    assert case.escrow().status == "held"


def _preview_refund(case: Case, session: Session) -> None:
    decision_preview.of(
        session,
        "escrow.refund",
        case.escrow().id,
        RefundEscrow(reason=WHY),
        at=clock.now(),
        actor=DIVINE,
        settings=case.runtime.settings,
    )


def test_it_joins_the_dispute_that_is_open_and_outlives_it(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        new = NewDispute(case.escrow().id, "buyer", "late", "It came late.")
        own = disputes.open_dispute(session, new, at=clock.now(), actor=DIVINE, settings=case.runtime.settings).id
    number = case.charged_back()
    with case.runtime.db.transaction() as session:
        notes = [each.body for each in dispute_handling.messages(session, own, after=0, limit=9)]
        assert any(str(number) in note and "NGN 100.00" in note for note in notes)
        version = disputes.get(session, own).version
        disputes.withdraw(
            session, own, WHY, version=version, at=clock.now(), actor=DIVINE, settings=case.runtime.settings
        )
    assert case.causes() == [FreezeCause.CHARGEBACK]
    case.night()
    assert case.escrow().status == "held"
    case.bank(number, "lost")
    case.night()
    assert (case.escrow().status, case.causes(), case.alerts()) == ("refunded", [], [])
    assert (case.balance(AccountKind.WALLET, "seller"), case.balance(AccountKind.WALLET, "buyer")) == (0, 0)


def test_winning_lifts_its_freeze_and_nothing_else(case: Case) -> None:
    number = case.charged_back()
    case.bank(number, "won")
    assert (case.causes(), case.alerts(), case.banks()) == ([FreezeCause.DISPUTE], [], ["won"])
    assert case.payment().status == "succeeded"


@pytest.mark.parametrize("outcome", ["lost", "accepted"])
def test_what_the_bank_took_of_what_is_held_is_the_refund_and_the_rest_goes_its_way(case: Case, outcome: str) -> None:
    number = case.charged_back(4_000)
    case.bank(number, outcome)
    for _ in range(2):
        case.tell(number, "resolve", late=True)
    assert (case.payment().status, case.payment().taken_back_amount) == ("succeeded", 4_000)
    assert (case.escrow().amount, case.balance(AccountKind.CLEARING), case.alerts()) == (6_000, -6_000, [])
    case.verify()
    assert (case.payment().status, case.alerts(), case.causes()) == ("succeeded", [], [FreezeCause.DISPUTE])
    with case.runtime.db.transaction() as session:
        dispute = session.scalars(select(Dispute)).one()
        notes = [each.body for each in dispute_handling.messages(session, dispute.id, after=0, limit=9)]
        assert any("NGN 60.00" in note and "is left" in note for note in notes)
        how: OfVersion = {
            "version": dispute.version,
            "at": clock.now(),
            "actor": DIVINE,
            "settings": case.runtime.settings,
        }
        disputes.withdraw(session, dispute.id, WHY, **how)
    case.night()
    assert (case.escrow().status, case.balance(AccountKind.WALLET, "seller")) == ("released", 5_700)
    with pytest.raises(Conflict, match="Nothing was taken back"):
        case.decide("claw_back")


def test_all_of_what_is_held_ends_it_as_refunded_whoever_froze_it_or_proposes_something(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        freezes.freeze(session, case.escrow().id, WHY, at=clock.now(), actor=AMINA)
        limits.set_limits(session, {"NGN": 0}, at=clock.now(), actor=DIVINE)
    number = case.charged_back()
    with case.runtime.db.transaction() as session:
        dispute = session.scalars(select(Dispute)).one()
        how: OfVersion = {
            "version": dispute.version,
            "at": clock.now(),
            "actor": AMINA,
            "settings": case.runtime.settings,
        }
        disputes.resolve(session, dispute.id, DisputeResolution("no_fault", "policy", WHY), **how)
        assert [each.status for each in approvals.waiting(session)] == ["proposed"]
    case.bank(number, "accepted")
    assert (case.escrow().status, case.causes(), case.escrow().freezes) == ("refunded", [], 0)
    assert (case.balance(AccountKind.CLEARING), case.balance(AccountKind.WALLET, "buyer"), case.alerts()) == (0, 0, [])
    with case.runtime.db.reading() as session:
        assert session.scalars(select(Approval.status)).all() == ["expired"]
        assert session.scalars(select(Dispute.status)).all() == ["resolved"]
        assert session.scalar(select(func.count()).select_from(Refund)) == 0


@pytest.mark.parametrize(("liability", "seller", "losses"), [("seller", 5_700, 0), ("platform", 9_500, -4_000)])
def test_after_a_release_the_rule_of_the_platform_says_who_bears_it(
    case: Case, liability: str, seller: int, losses: int
) -> None:
    ruled = case.runtime.settings.model_copy(update={"chargeback_liability": liability})
    case.runtime = replace(case.runtime, settings=ruled)
    case.night()
    case.bank(case.charged_back(4_000), "lost")
    assert (case.balance(AccountKind.WALLET, "seller"), case.balance(AccountKind.LOSSES)) == (seller, losses)
    assert (case.payment().status, case.balance(AccountKind.CLEARING), case.alerts()) == ("succeeded", -6_000, [])


def test_after_a_release_without_a_rule_a_person_decides(case: Case) -> None:
    case.night()
    case.bank(case.charged_back(4_000), "lost")
    assert (case.payment().status, case.alerts()) == ("needs_review", ["payment_taken_back"])
    case.decide("claw_back")
    assert (case.balance(AccountKind.WALLET, "seller"), case.alerts()) == (5_700, [])


def test_what_was_paid_and_is_held_again_is_taken_by_the_bank_that_had_won(case: Case) -> None:
    case.night()
    case.bank(case.charged_back(4_000), "lost")
    with case.runtime.db.reading() as session:
        out = session.scalars(select(Transfer).where(Transfer.is_disbursement)).one()
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": case.runtime.settings}
        shown = decision_preview.of(session, "transfer.reverse", out.id, ReverseTransfer(reason=WHY), **how)
    [warning] = shown.warnings
    assert "NGN 40.00 of it is booked out of the escrow as soon as it is held again" in warning
    _reverse(case)
    assert (case.escrow().status, case.escrow().amount, case.escrow().fee) == ("held", 6_000, 300)
    assert (case.payment().undecided_amount, case.alerts()) == (0, [])


def test_what_the_platform_bears_is_not_held_again_for_a_buyer_who_has_it(case: Case) -> None:
    case.night()
    case.bank(case.charged_back(4_000), "lost")
    case.decide("write_off")
    with pytest.raises(Conflict, match=r"NGN 40\.00"):
        _reverse(case)


def test_an_outcome_that_changes_before_anybody_decided_makes_it_whole(case: Case) -> None:
    case.night()
    number = case.charged_back()
    case.bank(number, "lost")
    case.bank(number, "won")
    assert (case.payment().status, case.payment().taken_back_amount, case.alerts()) == ("succeeded", 0, [])


@pytest.mark.parametrize("released", [True, False])
def test_an_outcome_that_changes_after_the_decision_gives_it_again(case: Case, released: bool) -> None:
    if released:
        case.night()
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    if released:
        case.decide("claw_back")
    case.bank(number, "won")
    assert (case.payment().status, case.payment().undecided_amount) == ("needs_review", -4_000)
    with case.runtime.db.reading() as session:
        told = session.scalars(select(Alert.sentence).where(Alert.status == "firing")).one()
    assert "Until then it lies at paystack and counts in nobody's balance here." in told
    goes = "NGN 2.00 into the fees, NGN 38.00 into the seller's wallet." if released else "NGN 40.00 into escrow"
    assert f"“Give it again” of payment {case.reference}: {goes}" in told
    with case.runtime.db.reading() as session:
        actions = session.scalars(select(Audit.action).where(Audit.action.like("payment.%back")).order_by(Audit.id))
        noted = ["payment.taken_back"] if released else []
        assert list(actions) == [*noted, "payment.claw_back", "payment.came_back"]
    case.decide("give_again")
    assert (case.payment().status, case.alerts()) == ("succeeded", [])
    assert case.balance(AccountKind.CLEARING) == -10_000
    if released:
        assert case.balance(AccountKind.WALLET, "seller") == 9_500
    else:
        assert (case.escrow().amount, case.escrow().fee) == (10_000, 500)


def test_what_the_bank_had_ended_is_held_again_until_somebody_decides(case: Case) -> None:
    number = _lost_and_won(case)
    case.decide("give_again")
    held = case.escrow()
    assert (held.status, held.amount, held.fee, held.hold_no) == ("held", 10_000, 500, 2)
    assert (case.causes(), case.alerts(), case.payment().status) == ([FreezeCause.PERSON], [], "succeeded")
    case.night()
    assert (case.escrow().status, case.balance(AccountKind.WALLET, "seller")) == ("held", 0)
    _unfreeze(case)
    case.night()
    assert (case.escrow().status, case.balance(AccountKind.WALLET, "seller")) == ("released", 9_500)
    case.bank_again(number, "lost")
    case.decide("claw_back")
    assert (case.balance(AccountKind.WALLET, "seller"), case.balance(AccountKind.WALLET, "buyer")) == (0, 0)
    assert (case.balance(AccountKind.FEES), case.balance(AccountKind.CLEARING)) == (0, 0)
    case.bank_again(number, "won")
    case.decide("give_again")
    assert case.balance(AccountKind.WALLET, "seller") == 9_500


def test_what_came_back_is_borne_by_nobody(case: Case) -> None:
    _lost_and_won(case)
    for action in ("claw_back", "write_off", "refund_rest"):
        with pytest.raises(Conflict, match="is there again: nobody bears it"):
            case.decide(action)


def test_what_is_held_again_is_the_refund_when_the_bank_takes_it_again(case: Case) -> None:
    number = _lost_and_won(case)
    case.decide("give_again")
    case.bank_again(number, "lost")
    assert (case.escrow().status, case.causes(), case.alerts()) == ("refunded", [], [])
    assert (case.balance(AccountKind.CLEARING), case.balance(AccountKind.LOSSES)) == (0, 0)


def test_what_is_held_again_is_frozen_by_another_claim_of_the_bank(case: Case) -> None:
    _lost_and_won(case)
    case.charged_back(4_000)
    case.decide("give_again")
    assert sorted(case.causes()) == [FreezeCause.CHARGEBACK, FreezeCause.PERSON]


def test_a_part_that_came_back_after_a_refund_is_the_buyers(case: Case) -> None:
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    _decide_dispute(case, DisputeResolution("refund_to_buyer", "policy", WHY))
    case.give()
    case.bank_again(number, "won")
    case.decide("give_again")
    assert (case.balance(AccountKind.WALLET, "buyer"), case.balance(AccountKind.WALLET, "seller")) == (4_000, 0)
    assert case.escrow().status == "refunded"


def test_a_part_that_came_back_after_a_split_is_split_alike(case: Case) -> None:
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    _decide_dispute(case, DisputeResolution("split", "policy", WHY, 4_500, 1_500))
    case.give()
    case.bank_again(number, "won")
    buyer, seller = case.balance(AccountKind.WALLET, "buyer"), case.balance(AccountKind.WALLET, "seller")
    case.decide("give_again")
    assert case.balance(AccountKind.WALLET, "buyer") - buyer == 3_000
    assert case.balance(AccountKind.WALLET, "seller") - seller == 950
    assert case.balance(AccountKind.FEES) == 125


def test_what_several_bore_goes_to_each_of_them_again(case: Case) -> None:
    case.night()
    first = case.charged_back(4_000)
    case.bank(first, "lost")
    case.decide("write_off")
    second = case.charged_back(6_000)
    case.bank(second, "lost")
    case.decide("claw_back")
    assert (case.balance(AccountKind.LOSSES), case.balance(AccountKind.WALLET, "seller")) == (-4_000, 3_800)
    case.bank_again(first, "won")
    case.bank_again(second, "won")
    case.decide("give_again")
    assert (case.balance(AccountKind.LOSSES), case.balance(AccountKind.WALLET, "seller")) == (0, 9_500)
    assert (case.balance(AccountKind.FEES), case.balance(AccountKind.CLEARING)) == (500, -10_000)


def _lost_and_won(case: Case) -> int:
    number = case.charged_back()
    for outcome in ("lost", "won"):
        case.bank(number, outcome)
    return number


def _unfreeze(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        for each in freezes.open_freezes(session, case.escrow().id):
            freezes.unfreeze(session, each.id, WHY, at=clock.now(), actor=DIVINE)


def _decide_dispute(case: Case, resolution: DisputeResolution) -> None:
    with case.runtime.db.transaction() as session:
        dispute = session.scalars(select(Dispute)).one()
        how: OfVersion = {
            "version": dispute.version,
            "at": clock.now(),
            "actor": DIVINE,
            "settings": case.runtime.settings,
        }
        disputes.resolve(session, dispute.id, resolution, **how)


def test_after_the_release_it_opens_no_case_and_its_alert_ends_when_it_is_won(case: Case) -> None:
    case.night()
    number = case.charged_back()
    with case.runtime.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Dispute)) == 0
    assert (case.alerts(), case.causes()) == (["chargeback"], [])
    case.bank(number, "won")
    with case.runtime.db.reading() as session:
        assert session.scalars(select(Alert.status)).all() == ["resolved"]


def test_while_it_is_open_no_refund_goes_to_the_card_and_its_loss_is_the_refund(case: Case) -> None:
    case.refund()
    number = case.charged_back()
    case.give()
    assert _refunds_there(case) == []
    case.bank(number, "lost")
    case.give()
    assert [row["status"] for row in _refunds_there(case)] == ["processed"], "the bank's own"
    with case.runtime.db.reading() as session:
        [refund] = session.scalars(select(Refund)).all()
        assert (refund.status, refund.amount) == ("processed", 10_000)
    assert (case.payment().status, case.balance(AccountKind.CLEARING), case.alerts()) == ("succeeded", 0, [])


def test_a_part_that_the_bank_took_makes_the_refund_smaller(case: Case) -> None:
    case.refund()
    number = case.charged_back(4_000)
    case.bank(number, "accepted")
    case.give()
    assert sorted(row["amount"] for row in _refunds_there(case)) == [4_000, 6_000]
    case.verify()
    assert (case.payment().status, case.alerts()) == ("succeeded", [])


def _refunds_there(case: Case) -> list[dict[str, Any]]:
    found = case.world.control("store?kind=paystack.refund", method="GET")
    return list(found["paystack.refund"])


def _unheard(case: Case, outcome: str = "") -> int:
    """The bank disputes it, and no webhook of that ever comes."""
    number = int(case.world.control("dispute", {"reference": case.reference})["number"])
    if outcome:
        case.world.control(f"dispute/{number}", {"outcome": outcome})
    return number


def test_what_the_bank_has_by_our_acceptance_is_not_refunded_besides_though_nobody_told_us(case: Case) -> None:
    _unheard(case, "accepted")
    case.refund()
    case.give()
    assert [row.get("dispute") is not None for row in _refunds_there(case)] == [True], (
        "the bank's own, and none of ours"
    )
    with case.runtime.db.reading() as session:
        assert [each.status for each in session.scalars(select(Refund))] == ["processed"]
    assert (case.banks(), case.balance(AccountKind.CLEARING), case.alerts()) == (["accepted"], 0, [])
    assert case.balance(AccountKind.WALLET, "buyer") == 0


def test_what_the_bank_is_about_to_take_waits_though_nobody_told_us(case: Case) -> None:
    number = _unheard(case)
    case.refund()
    case.give()
    assert (_refunds_there(case), case.banks(), case.alerts()) == ([], ["open"], ["chargeback"])
    case.bank(number, "won")
    case.give()
    assert [row["amount"] for row in _refunds_there(case)] == [10_000]
    assert (case.balance(AccountKind.WALLET, "buyer"), case.alerts()) == (0, [])


def test_the_preview_of_a_refund_warns_of_what_the_bank_has(case: Case) -> None:
    case.bank(case.charged_back(4_000), "accepted")
    with case.runtime.db.reading() as session:
        dispute = session.scalars(select(Dispute)).one()
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": case.runtime.settings}
        preview = decision_preview.of_resolution(
            session, dispute.id, DisputeResolution("refund_to_buyer", "policy", WHY), **how
        )
    [warning] = preview.warnings
    assert "was accepted: the payer has NGN 40.00 back" in warning
    assert "NGN 60.00" in preview.sentence


def test_it_joins_a_case_that_is_opened_after_it_with_its_clock_and_what_the_bank_claims(case: Case) -> None:
    case.charged_back(4_000)
    with case.runtime.db.transaction() as session:
        first = session.scalars(select(Dispute)).one()
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": case.runtime.settings}
        disputes.withdraw(session, first.id, WHY, version=first.version, **how)
        own = disputes.open_dispute(session, NewDispute(case.escrow().id, "buyer", "late", "It came late."), **how)
        bank = session.scalars(select(Chargeback)).one()
        assert (bank.dispute_id, own.due_at) == (own.id, bank.due_at)
        [claim] = evidence.listed(session, own.id, after=0, limit=9)
        assert (claim.side, claim.status) == ("buyer", "submitted")
        assert "NGN 40.00" in (claim.body or "")
        assert "NGN 40.00" in dispute_handling.messages(session, own.id, after=0, limit=9)[0].body
    assert sorted(case.causes()) == [FreezeCause.CHARGEBACK, FreezeCause.DISPUTE]


def test_a_refund_that_was_sent_and_a_bank_that_won_paid_the_buyer_twice(case: Case) -> None:
    case.refund()
    case.give()
    case.world.pay(case.reference, "success")
    number = case.charged_back()
    case.bank(number, "lost")
    assert case.payment().undecided_amount == 10_000
    case.decide("claw_back")
    assert case.balance(AccountKind.RECEIVABLE, "buyer") == -10_000


def test_a_refund_of_the_rest_is_not_made_smaller_by_what_is_booked_already(case: Case) -> None:
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    with case.runtime.db.transaction() as session:
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": case.runtime.settings}
        for dispute in session.scalars(select(Dispute)).all():
            disputes.withdraw(session, dispute.id, WHY, version=dispute.version, **how)
    case.refund()
    case.verify()
    with case.runtime.db.reading() as session:
        [refund] = session.scalars(select(Refund)).all()
    assert (refund.amount, refund.status) == (6_000, "waiting")


def test_a_bank_that_says_again_what_it_had_taken_back_is_asked_again(case: Case) -> None:
    """Lost, won, and lost once more: the last word has the key of the first, and other words."""
    case.release()
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    case.bank(number, "won")
    assert (case.banks(), case.payment().undecided_amount) == (["won"], 0)
    case.world.control(f"dispute/{number}", {"outcome": "lost"})
    case.tell(number, "resolve", resolution="lost", resolvedAt="2026-03-01T10:00:00.000Z")
    assert (case.banks(), case.payment().undecided_amount) == (["lost"], 4_000)
    assert "payment_taken_back" in case.alerts()


def test_one_that_we_won_is_not_lost_since_we_refunded_the_payment_ourselves(case: Case) -> None:
    case.refund()
    case.give()
    number = case.charged_back()
    assert case.transaction() == "reversed", "Paystack says so of what we gave back"
    case.bank(number, "won")
    assert (case.banks(), case.payment().undecided_amount, case.alerts()) == (["won"], 0, [])


def test_what_was_clawed_back_from_the_seller_is_not_reversed_besides(case: Case) -> None:
    case.release()
    case.bank(case.charged_back(), "lost")
    case.decide("claw_back")
    with case.runtime.db.reading() as session:
        released = session.scalars(select(Transfer).where(Transfer.kind == "release")).one()
        with pytest.raises(Conflict, match="taken back from us"):
            reversal_transfers.check(session, released)


def test_one_of_which_no_webhook_told_the_end_is_asked_about(case: Case) -> None:
    number = case.charged_back()
    case.world.control(f"dispute/{number}", {"outcome": "won"})
    with case.runtime.db.transaction() as session:
        session.execute(update(Chargeback).values(next_check_at=clock.now()))
    run_job_now(case.runtime, "check_pending_payments")
    assert (case.banks(), case.alerts()) == (["won"], [])


def test_what_a_webhook_says_of_it_is_not_believed(case: Case) -> None:
    number = case.charged_back()
    case.tell(number, "resolve", resolution="declined")
    assert case.banks() == ["open"]
    assert FreezeCause.CHARGEBACK in case.causes()


def test_it_freezes_again_what_is_held_again(case: Case) -> None:
    case.night()
    case.charged_back()
    _reverse(case)
    assert FreezeCause.CHARGEBACK in case.causes()


def _reverse(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        out = session.scalars(select(Transfer).where(Transfer.is_disbursement)).one()
        reversal_decisions.reverse(session, out.id, WHY, at=clock.now(), actor=DIVINE, settings=case.runtime.settings)


def test_no_fault_promises_no_release_while_the_bank_holds_it(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        new = NewDispute(case.escrow().id, "buyer", "late", "It came late.")
        disputes.open_dispute(session, new, at=clock.now(), actor=DIVINE, settings=case.runtime.settings)
    case.charged_back()
    with case.runtime.db.reading() as session:
        [dispute] = session.scalars(select(Dispute)).all()
        resolution = DisputeResolution("no_fault", "agreement", WHY)
        shown = decision_preview.of_resolution(
            session, dispute.id, resolution, at=clock.now(), actor=DIVINE, settings=case.runtime.settings
        )
    assert "another freeze holds NGN 100.00" in shown.sentence


def test_one_deed_of_an_instant_leads_to_the_next_on_the_timeline(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        new = NewDispute(case.escrow().id, "buyer", "late", "It came late.")
        disputes.open_dispute(session, new, at=clock.now(), actor=DIVINE, settings=case.runtime.settings)
    with case.runtime.db.reading() as session:
        actions = [each.action for each in escrow_detail.read(session, case.escrow().id).moments]
    assert actions[:2] == ["escrow.freeze", "dispute.open"]
