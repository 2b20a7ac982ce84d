"""What both sides of an order read of a bank's dispute: neutral while it is open, and how it ended."""

import pytest

from tests.support.arguments import ByActorUnderSettings
from tests.support.money_scenes import JOB, WHOLE, Scene
from tests.support.outbox import deliveries, spread
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.providers.provider_results import ChargebackReport
from webapp.domain.states import ChargebackStatus
from webapp.models import Delivery
from webapp.runtime import Runtime
from webapp.services.payments.chargebacks import chargebacks

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}
YOURS, THEIRS = "your bank or the service that you paid with", "the payer's bank or the service that was paid with"


def bank(scene: Scene, status: ChargebackStatus, amount: int = 4_000) -> Scene:
    """The provider says how the bank's dispute stands."""
    charged = ChargebackReport("cb-1", status, "r", amount, "NGN")
    how: ByActorUnderSettings = {"at": clock.now(), "actor": JOB, "settings": scene.runtime.settings}
    chargebacks.settle(scene.session, scene.payment, charged, **how)
    scene.session.expire_all()
    return scene


def told(place: Runtime, *kinds: str) -> list[tuple[str, str, str]]:
    """To whom which kind was written, and the letter without its greeting and closing."""
    rows = deliveries(place, *([Delivery.kind.in_(kinds)] if kinds else ()))
    return [(side(each), each.kind, each.body.split("\n\n")[1]) for each in rows]


def side(letter: Delivery) -> str:
    return (letter.recipient or "").partition("-")[0]


def test_an_open_one_is_told_to_both_neutrally_with_its_sum(runtime: Runtime) -> None:
    place = with_settings(runtime, **MAIL)
    with place.db.transaction() as session:
        bank(Scene(session, place), ChargebackStatus.OPEN)
    spread(place)

    _, (_, kind, buyers), (_, other, sellers) = told(place)
    assert (kind, other) == ("chargeback.open.buyer", "chargeback.open.seller")
    assert buyers.startswith(
        "Your bank, or the service that you paid with, asks for NGN 40.00 of your payment for order"
    )
    assert sellers.startswith("The payer's bank, or the service that was paid with, asks for NGN 40.00 of the payment")
    for letter in (buyers, sellers):
        assert "What we still hold for the order, if anything, stays held until that has ended." in letter
        assert "claim" not in letter
        assert "100.00" not in letter


def test_one_that_was_not_granted_is_told_to_both(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = bank(Scene(session, place), ChargebackStatus.OPEN)
        bank(scene, ChargebackStatus.WON)
    spread(place)

    ended = told(place, "chargeback.won.buyer", "chargeback.won.seller")
    assert [each[0] for each in ended] == ["buyer", "seller"]
    assert all("for NGN 40.00 of" in each[2] and "was not granted" in each[2] for each in ended)


@pytest.mark.parametrize("before", [ChargebackStatus.ACCEPTED, ChargebackStatus.LOST])
def test_one_that_the_bank_had_taken_before_says_that_it_comes_back(
    sqlite_runtime: Runtime, before: ChargebackStatus
) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = bank(Scene(session, place), before)
        bank(scene, ChargebackStatus.WON)
    spread(place)

    ended = told(place, "chargeback.won.buyer", "chargeback.won.seller")
    assert len(ended) == 2
    assert all("not granted. NGN 40.00 that had gone back to the payer by it comes back to us." in e[2] for e in ended)


@pytest.mark.parametrize("again", [ChargebackStatus.LOST, ChargebackStatus.ACCEPTED])
def test_one_that_the_bank_takes_again_before_anybody_decided_is_told_to_both(
    sqlite_runtime: Runtime, again: ChargebackStatus
) -> None:
    place = with_settings(sqlite_runtime, **MAIL, chargeback_liability="seller")
    with place.db.transaction() as session:
        scene = bank(Scene(session, place).release(), ChargebackStatus.LOST)
        scene.hear(4_000)
        bank(scene, ChargebackStatus.WON).hear()
        bank(scene, again).hear(4_000)
    spread(place)

    kinds = [kind for _, kind, _ in told(place)]
    assert kinds.count("payment.decided") == 2, "it is booked once"
    assert kinds[-2:] == ["chargeback.taken_again.buyer", "chargeback.taken_again.seller"]
    assert all("for NGN 40.00 of" in letter and "granted after all" in letter for *_, letter in told(place)[-2:])


def test_one_that_the_bank_takes_for_the_first_time_is_told_by_what_is_booked_alone(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = bank(Scene(session, place), ChargebackStatus.OPEN)
        bank(scene, ChargebackStatus.WON)
        bank(scene, ChargebackStatus.LOST).hear(4_000)
        bank(scene, ChargebackStatus.ACCEPTED).hear(4_000)
    spread(place)
    assert not [kind for _, kind, _ in told(place) if "taken_again" in kind]


def test_one_about_money_of_no_order_is_not_the_sellers_concern(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place).paid_twice("payment.keep")
        scene.payment += 1
        bank(scene, ChargebackStatus.OPEN)
    spread(place)

    assert [each[0] for each in told(place, "chargeback.open.buyer", "chargeback.open.seller")] == ["buyer"]


def test_a_refund_that_the_bank_made_is_told_to_its_end(runtime: Runtime) -> None:
    """Written and not sent yet, it is replaced by what the bank took, whole or in part."""
    place = with_settings(runtime, **MAIL)
    with place.db.transaction() as session:
        bank(Scene(session, place).refund(by_card=True), ChargebackStatus.ACCEPTED, WHOLE)
    spread(place)

    assert told(place, "refund.covered.buyer", "refund.covered.seller") == [
        (
            "buyer",
            "refund.covered.buyer",
            f"NGN 100.00 for order the-order went back to you through {YOURS}, in place of our refund. Nothing more is "
            "sent to you for it.",
        ),
        (
            "seller",
            "refund.covered.seller",
            f"NGN 100.00 of the payment for order the-order went back through {THEIRS}, in place of a refund of ours. "
            "Nothing is taken from you by that.",
        ),
    ]


def test_what_the_bank_left_of_a_refund_and_gave_back_is_told(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = bank(Scene(session, place).refund(by_card=True), ChargebackStatus.LOST)
        bank(scene, ChargebackStatus.WON)
    spread(place)

    [covered, _] = told(place, "refund.covered.buyer", "refund.covered.seller")
    assert "NGN 40.00 for order the-order went back to you" in covered[2]
    assert "The other NGN 60.00 is given back the way you paid; we tell you when that is done." in covered[2]
    [again] = told(place, "refund.uncovered.buyer")
    assert again[2].startswith("NGN 40.00 for order the-order, which had gone back to you through your bank")
    assert again[2].endswith("is with us again. It is given back the way you paid; we tell you when that is done.")


@pytest.mark.parametrize("claimed", [False, True], ids=["the bank's case", "the buyer's own"])
def test_a_case_that_ended_by_the_banks_taking_promises_no_other_refund(sqlite_runtime: Runtime, claimed: bool) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place)
        if claimed:
            scene.market.dispute(scene.escrow)
        bank(scene, ChargebackStatus.OPEN, WHOLE).lost(WHOLE)
    spread(place)

    decided = told(place, "dispute.resolved")
    assert [each[0] for each in decided] == (["buyer", "seller"] if claimed else [])
    for _, _, letter in decided:
        assert letter.endswith(
            "went back to the payer through the bank or the service that was paid with, and nothing is left."
        )
    went = told(place, "escrow.refunded")
    assert [each[0] for each in went] == ["buyer", "seller"]
    assert all("NGN 100.00" in each[2] for each in went)


def test_whoever_heard_of_the_claim_hears_who_bears_it(sqlite_runtime: Runtime) -> None:
    """It was refunded into the wallet, and the bank took it besides: the buyer gives it, and the seller nothing."""
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        Scene(session, place).refund().taken(4_000, "payment.claw_back")
    spread(place)

    letters = told(place, "payment.decided")
    assert [each[0] for each in letters] == ["buyer", "seller"]
    assert "NGN 40.00 was taken from your wallet." in letters[0][2]
    assert "Nothing is taken from you." in letters[1][2]
