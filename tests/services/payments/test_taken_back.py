"""What a provider took back without us: asked about, frozen, shown, alerted, and blocked until a person decides."""

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.jobs.periodic.test_handle_webhooks import finish, post
from tests.support.arguments import ByActor, ByActorUnderSettings
from tests.support.job_runs import run_job_now
from tests.support.market import CHIKA, DIVINE, wallet
from tests.support.read_back import why_unpaid
from tests.support.sandbox import Sandbox, awaiting, begun, sandbox, world  # noqa: F401
from tests.support.taken_back import WHY, Case, case, runtime  # noqa: F401
from webapp import clock
from webapp.domain.states import AccountKind, FreezeCause
from webapp.errors import Conflict
from webapp.jobs.steps.verify_payments import verify_now
from webapp.models import Alert, Audit, InboundWebhook, Refund
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, limits
from webapp.services.approvals.escrow_executors import RefundEscrow, ReleaseEscrow
from webapp.services.common import kill_switch
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.orders import orders
from webapp.services.payments import payments
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.read_models import decision_preview, disabled_reasons
from webapp.services.refunds import refunds

WAYS = ("claw_back", "write_off", "refund_rest")


@pytest.mark.parametrize(("amount", "gone"), [(None, 10_000), (4_000, 4_000)])
def test_a_refund_by_hand_stops_every_way_out(case: Case, amount: int | None, gone: int) -> None:
    case.by_hand(amount)

    found = case.payment()
    assert (found.status, found.taken_back_amount, found.taken_back_decided) == ("needs_review", gone, 0)
    assert case.causes() == [FreezeCause.PAYMENT]
    assert case.alerts() == ["payment_taken_back"]
    with case.runtime.db.reading() as session:
        [first, *_] = why_unpaid(session, case.escrow().id, clock.now())
    assert "taken back" in first
    case.night()
    for way in (case.release, case.refund):
        with pytest.raises(Conflict, match=r"frozen .* Decide first who bears what was taken back"):
            way()
    assert case.escrow().status == "held"
    assert case.balance(AccountKind.WALLET, "seller") == 0


@pytest.mark.parametrize("how", ["job", "page", "webhook"])
def test_a_reversal_is_seen_whoever_asks(case: Case, how: str) -> None:
    case.world.pay(case.reference, "reversed")
    if how == "webhook":
        case.hook({"event": "charge.success", "data": {"reference": case.reference, "id": 9, "status": "success"}})
    elif how == "page":
        case.verify()
    else:
        run_job_now(case.runtime, "verify_books")
    assert (case.payment().status, case.payment().taken_back_amount) == ("needs_review", 10_000)
    case.night()
    assert case.escrow().status == "held"


def test_told_again_it_is_one_taking_and_one_freeze(case: Case) -> None:
    case.by_hand(4_000)
    version = case.payment().version
    case.verify()
    assert (case.payment().version, case.causes()) == (version, [FreezeCause.PAYMENT])
    case.by_hand(1_000)
    assert case.payment().taken_back_amount == 5_000


def test_what_fails_at_the_provider_makes_it_whole_again(case: Case) -> None:
    case.by_hand()
    [number] = [
        row["number"] for row in case.world.control("store?kind=paystack.refund", method="GET")["paystack.refund"]
    ]
    case.world.control(f"refunds/{number}", {"outcome": "failed"})
    case.verify()
    assert (case.payment().status, case.payment().taken_back_amount) == ("succeeded", 0)
    assert (case.causes(), case.alerts()) == ([], [])
    with case.runtime.db.transaction() as session:
        told = select(Audit.before).where(Audit.action == "payment.restored")
        assert session.scalars(told).one() == '{"status":"needs_review"}'


def test_the_platform_bears_it_and_the_seller_is_paid(case: Case) -> None:
    case.by_hand(4_000)
    decided = case.decide("write_off")
    assert (decided.executed, "goes its way" in decided.sentence) == (True, True)
    assert (case.payment().status, case.causes(), case.alerts()) == ("succeeded", [], [])
    case.night()
    assert case.escrow().status == "released"
    assert case.balance(AccountKind.WALLET, "seller") == 9_500
    assert case.balance(AccountKind.LOSSES) == -4_000
    assert case.balance(AccountKind.CLEARING) == -6_000
    case.verify()
    assert case.payment().status == "succeeded"


def test_a_part_comes_out_of_the_escrow_and_the_rest_goes_its_way(case: Case) -> None:
    case.by_hand(4_000)
    case.decide("claw_back")
    assert (case.escrow().status, case.escrow().amount, case.escrow().fee) == ("held", 6_000, 300)
    case.night()
    assert case.balance(AccountKind.WALLET, "seller") == 5_700
    assert (case.balance(AccountKind.FEES), case.balance(AccountKind.CLEARING)) == (300, -6_000)


def test_all_of_it_ends_the_escrow_as_refunded_and_an_open_dispute_with_it(case: Case) -> None:
    with case.runtime.db.transaction() as session:
        new = NewDispute(case.escrow().id, "buyer", "late", "It came late.")
        dispute = disputes.open_dispute(session, new, at=clock.now(), actor=DIVINE, settings=case.runtime.settings).id
    case.by_hand()
    case.decide("claw_back")
    assert (case.escrow().status, case.causes()) == ("refunded", [])
    with case.runtime.db.reading() as session:
        assert disputes.get(session, dispute).status == "resolved"
        assert session.scalar(select(func.count()).select_from(Refund)) == 0
    assert case.balance(AccountKind.CLEARING) == 0


def test_the_rest_goes_back_to_the_card(case: Case) -> None:
    case.by_hand(4_000)
    case.decide("refund_rest")
    assert case.escrow().status == "refunded"
    case.give()
    case.verify()
    rows = case.world.control("store?kind=paystack.refund", method="GET")["paystack.refund"]
    assert sorted(row["amount"] for row in rows) == [4_000, 6_000]
    assert (case.payment().status, case.alerts()) == ("succeeded", [])
    assert case.balance(AccountKind.CLEARING) == 0


def test_while_money_is_stopped_the_rest_is_not_refunded_nor_offered(case: Case) -> None:
    case.by_hand(4_000)
    with case.runtime.db.transaction() as session:
        kill_switch.stop(session, "Fraud.", at=clock.now(), actor=DIVINE)
    with case.runtime.db.reading() as session:
        how: ByActor = {"at": clock.now(), "actor": DIVINE}
        closed = {each: disabled_reasons.of(session, f"payment.{each}", case.payment_id, **how) for each in WAYS}
    assert "Outgoing money is stopped by Divine" in closed.pop("refund_rest")
    assert set(closed.values()) == {""}, "these move nothing out"
    with pytest.raises(Conflict, match="Outgoing money is stopped"):
        case.decide("refund_rest")


@pytest.mark.parametrize(("in_wallet", "debt"), [(9_500, 0), (2_000, -7_500)])
def test_after_the_release_the_seller_owes_it(case: Case, in_wallet: int, debt: int) -> None:
    case.night()
    with case.runtime.db.transaction() as session:
        seller = orders.escrow_of(session, case.order).seller_id
        spent = 9_500 - in_wallet
        if spent:
            _spend(session, seller, spent)
    case.by_hand()
    assert (case.payment().status, case.causes(), case.alerts()) == ("needs_review", [], ["payment_taken_back"])
    told = case.decide("claw_back").sentence
    assert ("added to the seller's debt" in told, "out of the seller's debt" in told) == (bool(debt), False)
    assert case.balance(AccountKind.WALLET, "seller") == 0
    assert case.balance(AccountKind.RECEIVABLE, "seller") == debt
    assert (case.balance(AccountKind.FEES), case.alerts()) == (0, [])


def test_a_refund_of_what_the_payer_has_back_already_warns_of_it(case: Case) -> None:
    case.by_hand(4_000)
    case.decide("write_off")
    with case.runtime.db.reading() as session:
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": case.runtime.settings}
        preview = decision_preview.of(session, "escrow.refund", case.escrow().id, RefundEscrow(reason=WHY), **how)
        released = decision_preview.of(session, "escrow.release", case.escrow().id, ReleaseEscrow(reason=WHY), **how)
    assert not released.warnings
    [warning] = preview.warnings
    assert "The payer has NGN 40.00 of payment" in warning
    assert "comes on top of that" in warning


def test_a_write_off_after_the_release_says_that_the_escrow_stays_as_it_is(case: Case) -> None:
    case.night()
    case.by_hand()
    told = case.decide("write_off").sentence
    assert ("stays released" in told, "goes its way" in told) == (True, False)


def _spend(session: Any, party: int, amount: int) -> None:
    from webapp.domain.states import TransferKind
    from webapp.services.ledger import accounts
    from webapp.services.ledger import posting as ledger_posting

    purse = accounts.open_account(session, AccountKind.WALLET, party, "NGN", at=clock.now())
    pool = accounts.pool(session, AccountKind.CLEARING, "NGN", at=clock.now(), owner="elsewhere")
    legs = [(purse, -amount), (pool, amount)]
    ledger_posting.post(session, reference="spent", kind=TransferKind.PAYOUT, currency="NGN", legs=legs, at=clock.now())


def test_a_second_person_decides_above_the_limit_and_sees_it_first(case: Case) -> None:
    case.by_hand(4_000)
    with case.runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 0}, at=clock.now(), actor=DIVINE)
    proposed = case.decide("claw_back")
    assert proposed.approval is not None
    with case.runtime.db.reading() as session:
        shown = decision_preview.of_approval(
            session, proposed.approval.id, at=clock.now(), actor=CHIKA, settings=case.runtime.settings
        )
    assert sorted(leg.amount for leg in shown.legs) == [-4_000, 4_000]
    assert "NGN 40.00" in shown.sentence
    with case.runtime.db.transaction() as session:
        approvals.approve(session, proposed.approval.id, at=clock.now(), actor=CHIKA, settings=case.runtime.settings)
    assert (case.escrow().amount, case.causes(), case.payment().status) == (6_000, [], "succeeded")


def test_what_we_gave_back_ourselves_is_settled_whatever_comes(case: Case) -> None:
    case.refund()
    case.give()
    for event in ("refund.pending", "refund.processed", "charge.success"):
        said = {"transaction_reference": case.reference, "reference": case.reference, "status": event}
        case.hook({"event": event, "data": said})
    case.verify()
    assert (case.payment().status, case.payment().taken_back_amount, case.alerts()) == ("succeeded", 0, [])
    with case.runtime.db.reading() as session:
        assert [row.status for row in session.scalars(select(Refund))] == ["processed"]
        with pytest.raises(Conflict), case.runtime.db.transaction() as writing:
            refunds.write(
                writing,
                payments.get(writing, case.payment_id),
                case.escrow().buyer_id,
                _all_of(case),
                at=clock.now(),
                actor=DIVINE,
            )
    assert wallet_of(case) == 0


def _all_of(case: Case) -> Any:
    from webapp.domain.money.money import Money

    return Money(case.payment().amount, "NGN")


def wallet_of(case: Case) -> int:
    with case.runtime.db.reading() as session:
        return wallet(session, orders.escrow_of(session, case.order).buyer_id)


def test_a_refund_by_hand_besides_ours_pays_the_buyer_twice_and_is_seen(case: Case) -> None:
    case.by_hand(4_000)
    case.decide("write_off")
    case.refund()
    assert case.balance(AccountKind.WALLET, "buyer") == 10_000, "the card has only 60.00 left: all goes to the wallet"
    case.by_hand(6_000)
    assert case.payment().undecided_amount == 6_000
    case.decide("claw_back")
    assert case.balance(AccountKind.WALLET, "buyer") == 4_000
    assert case.balance(AccountKind.CLEARING) == 0


def test_a_payment_in_review_that_was_given_back_there_is_over(runtime: Runtime, world: Sandbox) -> None:
    _, payment = awaiting(runtime)
    reference = begun(runtime, payment).reference or ""
    world.pay(reference, amount=8_000)
    assert verify_now(runtime, payment, DIVINE).status == "needs_review"
    world.control(f"refund/paystack/{reference}", {"amount": 2_000})
    partly = verify_now(runtime, payment, DIVINE)
    assert (partly.status, partly.provider_amount) == ("needs_review", 6_000)
    world.control(f"refund/paystack/{reference}", {})
    assert verify_now(runtime, payment, DIVINE).status == "failed"
    with runtime.db.reading() as session:
        assert session.scalars(select(Alert.status)).all() == ["resolved"]


def test_what_was_released_and_taken_back_is_frozen_when_it_is_held_again(case: Case) -> None:
    case.night()
    case.by_hand()
    with case.runtime.db.transaction() as session:
        from webapp.models import Transfer

        out = session.scalars(select(Transfer).where(Transfer.is_disbursement)).one()
        reversal_decisions.reverse(session, out.id, WHY, at=clock.now(), actor=DIVINE, settings=case.runtime.settings)
    assert FreezeCause.PAYMENT in case.causes()


def _with_fee(runtime: Runtime, world: Sandbox) -> Case:
    """One whose payer bore the fee: 3.00 of the 103.00 that were collected."""
    return Case(runtime, world, collected=10_300)


def test_the_fee_on_top_is_kept_with_the_payment(runtime: Runtime, world: Sandbox) -> None:
    found = _with_fee(runtime, world).payment()
    assert (found.status, found.amount, found.payer_fee, found.provider_amount) == ("succeeded", 10_000, 300, None)
    assert found.paid_at is not None
    assert found.last_checked_at is not None


def test_the_platform_bears_what_is_above_the_price(runtime: Runtime, world: Sandbox) -> None:
    case = _with_fee(runtime, world)
    case.by_hand()
    assert case.payment().undecided_amount == 10_300
    told = case.decide("claw_back").sentence
    assert "NGN 3.00 of it is the payer's fee on top of the price" in told
    assert case.escrow().status == "refunded"
    assert case.balance(AccountKind.WALLET, "buyer") == case.balance(AccountKind.RECEIVABLE, "buyer") == 0
    assert (case.balance(AccountKind.LOSSES), case.balance(AccountKind.CLEARING)) == (-300, 300)
    assert case.borne() == {"escrow": 10_000, "platform": 300}


def test_a_part_below_the_price_is_no_fee(runtime: Runtime, world: Sandbox) -> None:
    case = _with_fee(runtime, world)
    case.by_hand(4_000)
    case.decide("claw_back")
    assert (case.escrow().amount, case.borne()) == (6_000, {"escrow": 4_000})
    case.by_hand(6_300)
    case.decide("claw_back")
    assert (case.escrow().status, case.balance(AccountKind.LOSSES)) == ("refunded", -300)
    assert case.borne() == {"escrow": 10_000, "platform": 300}


def test_after_the_release_the_seller_owes_no_more_than_the_price(runtime: Runtime, world: Sandbox) -> None:
    case = _with_fee(runtime, world)
    case.night()
    case.by_hand()
    case.decide("claw_back")
    assert case.balance(AccountKind.WALLET, "seller") == case.balance(AccountKind.WALLET, "buyer") == 0
    assert case.balance(AccountKind.LOSSES) == -300
    assert case.borne() == {"seller": 9_500, "fees": 500, "platform": 300}


def test_the_fee_that_comes_back_is_the_platforms(runtime: Runtime, world: Sandbox) -> None:
    case = _with_fee(runtime, world)
    case.by_hand()
    case.decide("claw_back")
    [number] = [
        row["number"] for row in case.world.control("store?kind=paystack.refund", method="GET")["paystack.refund"]
    ]
    case.world.control(f"refunds/{number}", {"outcome": "failed"})
    case.verify()
    case.decide("give_again")
    assert (case.balance(AccountKind.LOSSES), case.escrow().status, case.escrow().amount) == (0, "held", 10_000)
    assert case.balance(AccountKind.CLEARING) == -10_000


def test_our_refund_by_card_leaves_the_fee_to_the_platform(runtime: Runtime, world: Sandbox) -> None:
    case = _with_fee(runtime, world)
    case.refund()
    case.give()
    case.by_hand(300)
    case.decide("claw_back")
    assert (case.balance(AccountKind.LOSSES), case.balance(AccountKind.RECEIVABLE, "buyer")) == (-300, 0)


def test_a_webhook_that_made_us_ask_is_a_look(runtime: Runtime, world: Sandbox) -> None:
    _, payment = awaiting(runtime)
    reference = begun(runtime, payment).reference or ""
    world.pay(reference)
    post(runtime, "paystack", {"event": "charge.success", "data": {"reference": reference, "status": "success"}})
    finish(runtime)
    with runtime.db.reading() as session:
        found = payments.get(session, payment)
    assert found.status == "succeeded"
    assert found.last_checked_at is not None


def test_a_webhook_about_a_refund_says_what_became_of_the_refund(case: Case) -> None:
    case.by_hand(4_000)
    with case.runtime.db.reading() as session:
        [said] = session.scalars(select(InboundWebhook.result)).all()
    assert said == "The provider says that NGN 40.00 of the payment went back, or are on the way."


def test_a_webhook_about_our_refund_says_its_state(runtime: Runtime, world: Sandbox) -> None:
    case = Case(runtime, world)
    case.refund()
    case.give()
    case.hook({"event": "refund.processed", "data": {"transaction_reference": case.reference, "status": "processed"}})
    with runtime.db.reading() as session:
        [said] = session.scalars(select(InboundWebhook.result)).all()
    assert said == "The provider says of the refund: it is done."
