"""What a payee reads of a payout that did not go, came back, or went after all: each fact once, and truly."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import payouts
from tests.support.arguments import ByLockedActor
from tests.support.market import AMINA, DIVINE, Market
from tests.support.outbox import deliveries, spread
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.domain.states import AccountKind
from webapp.models import Account, Delivery, Party, Payout, PayoutSchedule
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.ledger import accounts
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payouts.executors import GivePayoutBack, MarkPayoutPaid, known_of
from webapp.services.payouts.paid_twice_executors import ClawPayoutBack, WritePayoutOff
from webapp.services.payouts.schedules.schedules import MOST_ATTEMPTS


def spend(session: Session, place: Runtime, party: int, amount: int) -> None:
    """Out of the wallet, for an order."""
    if amount:
        shop = Market(session, place, at=clock.now()).party("shop").id
        new = NewOrder("bought", party, shop, amount, "NGN", terms="wallet")
        orders.create(session, new, at=clock.now(), actor=DIVINE, settings=place.settings)


@pytest.fixture
def place(sqlite_runtime: Runtime) -> Runtime:
    return with_settings(sqlite_runtime, smtp_url="smtp://127.0.0.1:9")


def due(place: Runtime) -> int:
    """A planned payout of somebody who can be written to."""
    plan = payouts.planned(place)
    with place.db.transaction() as session:
        session.get_one(Party, session.get_one(PayoutSchedule, plan).party_id).email = "kofi@example.org"
    return plan


def told(place: Runtime) -> list[str]:
    spread(place)
    return [each.kind for each in deliveries(place, ~Delivery.kind.startswith("party."))]


def decide(place: Runtime, action: str, payout: int, payload: Callable[[Payout], Any]) -> None:
    with place.db.transaction() as session:
        how: ByLockedActor = {"at": clock.now(), "actor": AMINA.entrusted_with("money:move"), "locked": True}
        executors.compute(session, action, payout, payload(session.get_one(Payout, payout)), **how).post()


def test_one_that_was_paid_and_came_back_is_told_as_that_once(place: Runtime) -> None:
    plan = due(place)
    payout = payouts.written(place, plan)
    payouts.settled(place, payout, ProviderStatus.SUCCEEDED)
    payouts.settled(place, payout, ProviderStatus.FAILED, "closed account")
    assert told(place) == ["payout.succeeded", "payout.reversed"]
    assert "had been paid and came back. The money is in your wallet." in deliveries(place)[-1].body


def test_one_that_people_called_paid_and_its_provider_did_not_pay_is_told_as_that_once(place: Runtime) -> None:
    payout = payouts.written(place, due(place))
    with place.db.transaction() as session:
        session.get_one(Payout, payout).status = "sent"
    decide(place, "payout.mark_paid", payout, lambda row: MarkPayoutPaid(reason="Seen.", known=known_of(row)))
    payouts.settled(place, payout, ProviderStatus.FAILED, "closed account")
    assert told(place) == ["payout.succeeded", "payout.reversed"]


def test_one_that_is_given_up_is_told_once_and_where_its_money_is(place: Runtime) -> None:
    plan = due(place)
    for _attempt in range(MOST_ATTEMPTS):
        payouts.settled(place, payouts.written(place, plan), ProviderStatus.FAILED, "closed account")
    assert told(place) == ["payout_schedule.failed"]
    assert "What it had taken is in your wallet." in deliveries(place)[-1].body
    assert "No money left" not in deliveries(place)[-1].body


def test_one_that_people_gave_back_to_the_wallet_is_told(place: Runtime) -> None:
    payout = payouts.written(place, due(place))
    with place.db.transaction() as session:
        session.get_one(Payout, payout).status = "sent"
    reason = "Not there."
    decide(place, "payout.give_back", payout, lambda row: GivePayoutBack(reason=reason, known=known_of(row)))
    assert told(place) == ["payout_schedule.failed"]


@pytest.mark.parametrize("spent", [0, 8_500, 10_000])
def test_one_that_went_through_after_all_says_what_the_payee_gives(place: Runtime, spent: int) -> None:
    plan = due(place)
    payout = payouts.written(place, plan)
    payouts.settled(place, payout, ProviderStatus.SUCCEEDED)
    payouts.settled(place, payout, ProviderStatus.REVERSED)
    payouts.settled(place, payout, ProviderStatus.SUCCEEDED)
    with place.db.transaction() as session:
        party = session.scalars(select(Payout.party_id).where(Payout.id == payout)).one()
        spend(session, place, party, spent)
    decide(place, "payout.claw_back", payout, lambda row: ClawPayoutBack(reason="Paid twice."))
    assert told(place)[-1] == "payout.clawed_back"
    said = {
        0: "NGN 40.00 was taken from your wallet.",
        8_500: "NGN 15.00 was taken from your wallet, and NGN 25.00 you owe.",
        10_000: "NGN 40.00 you owe.",
    }
    assert said[spent] in deliveries(place)[-1].body


def test_one_that_comes_back_to_somebody_who_owed_of_it_meets_that_first(place: Runtime) -> None:
    payout = payouts.written(place, due(place))
    for status in (ProviderStatus.SUCCEEDED, ProviderStatus.REVERSED, ProviderStatus.SUCCEEDED):
        payouts.settled(place, payout, status)
    with place.db.transaction() as session:
        row = session.get_one(Payout, payout)
        wallet = accounts.open_account(session, AccountKind.WALLET, row.party_id, "NGN", at=clock.now())
        spend(session, place, row.party_id, session.get_one(Account, wallet).balance - row.amount + 1_500)
    decide(place, "payout.claw_back", payout, lambda row: ClawPayoutBack(reason="Twice."))
    payouts.settled(place, payout, ProviderStatus.REVERSED)
    assert told(place)[-1] == "payout.reversed.debt"
    body = deliveries(place)[-1].body
    assert "NGN 15.00 of it meets what you owed of it, and NGN" in body
    assert body.count("in your wallet") == 1


def test_one_that_the_platform_had_borne_and_got_back_puts_nothing_into_the_wallet(place: Runtime) -> None:
    payout = payouts.written(place, due(place))
    payouts.settled(place, payout, ProviderStatus.SUCCEEDED)
    payouts.settled(place, payout, ProviderStatus.REVERSED)
    payouts.settled(place, payout, ProviderStatus.SUCCEEDED)
    decide(place, "payout.write_off", payout, lambda row: WritePayoutOff(reason="Ours."))
    payouts.settled(place, payout, ProviderStatus.REVERSED)
    assert told(place)[-1] == "payout.reversed.platform"
    body = deliveries(place)[-1].body
    assert "Nothing is put into your wallet for it" in body
    assert "in your wallet." not in body
