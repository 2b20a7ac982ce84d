"""Every line of the table of what people are told about money is tried against the entries of its own transfer."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import AMINA
from tests.support.money_scenes import JOB, SCENES, WHOLE, Key, Scene
from tests.support.outbox import deliveries, spread
from tests.support.paths import ROOT
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.models import Account, Delivery, Entry, Escrow, Payment, Refund, Transfer
from webapp.runtime import Runtime
from webapp.services.escrows import freezes
from webapp.services.notifications.messages import money_templates
from webapp.services.payments import settlement as payment_settlement
from webapp.services.refunds import ends as refund_ends

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}


def test_every_line_is_tried() -> None:
    assert set(SCENES) == set(money_templates.TEXTS)


@pytest.mark.parametrize("key", sorted(SCENES), ids="-".join)
def test_a_line_says_what_the_entries_say(sqlite_runtime: Runtime, key: Key) -> None:
    compare(sqlite_runtime, key)


@pytest.mark.parametrize(
    "key",
    [
        ("escrow.split", "seller", "in_wallet_and_debt_met"),
        ("payment.decided", "seller", "owes"),
        ("payment.decided", "seller", "less_is_held"),
        ("payment.decided", "buyer", "more_is_held"),
        ("escrow.refunded", "seller", "went_back_and_rest"),
    ],
    ids="-".join,
)
def test_a_line_says_what_the_entries_say_on_postgresql(pg_runtime: Runtime, key: Key) -> None:
    compare(pg_runtime, key)


def compare(runtime: Runtime, key: Key) -> None:
    event, side, _shape = key
    place = with_settings(runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place)
        SCENES[key](scene)
        party = getattr(scene, side)
        facts = _facts(session, party.id) | {"order": scene.order.ref, "amount": Money(WHOLE, "NGN")}
    spread(place)

    letter = deliveries(place, Delivery.kind == event, Delivery.recipient == party.email)[-1]
    text = money_templates.TEXTS[key]
    assert letter.title == text.title.format_map(facts)
    assert f"\n\n{text.body.format_map(facts)}\n\n" in letter.body


def _facts(session: Session, party_id: int) -> dict[str, Any]:
    """What the last transfer did to this party, read here once more and in another way."""
    last = session.scalars(select(Transfer).order_by(Transfer.id.desc())).first()
    assert last is not None
    mine: dict[str, int] = {"wallet": 0, "receivable": 0, "fees": 0, "clearing": 0, "escrow": 0}
    for entry, account in session.execute(
        select(Entry, Account).join(Account, Account.id == Entry.account_id).where(Entry.transfer_id == last.id)
    ).tuples():
        if account.party_id in (None, party_id) and account.kind in mine:
            mine[account.kind] += entry.amount
    owes = select(func.coalesce(func.sum(-Account.balance), 0)).where(
        Account.party_id == party_id, Account.kind == "receivable"
    )
    sent = session.scalars(select(Refund.amount)).first() or 0
    fee = f" Our fee of {Money(mine['fees'], 'NGN')} was taken from your part." if mine["fees"] > 0 else ""
    left = session.scalars(select(Escrow.amount).where(Escrow.status == "held")).first() or 0
    gone = abs(mine["clearing"]) - sent
    figures = {
        "whole": last.amount,
        "fee": mine["fees"],
        "share": abs(mine["wallet"] + mine["receivable"]),
        "wallet": abs(mine["wallet"]),
        "debt": abs(mine["receivable"]),
        "owes": session.scalars(owes).one(),
        "outside": mine["clearing"],
        "sent": sent,
        "gone": gone,
        "rest": last.amount - gone,
        "change": abs(mine["escrow"]),
        "left": left,
        "price": WHOLE,
    }
    said = {"fee_said": fee, "held_of": "", "held_said": ""}
    return {name: Money(amount, "NGN") for name, amount in figures.items()} | said


@pytest.mark.parametrize("taken_by", ["people", "bank"])
def test_after_a_part_is_gone_each_figure_is_what_it_is_said_to_be(sqlite_runtime: Runtime, taken_by: str) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place)
        scene.taken(4_000, "payment.claw_back") if taken_by == "people" else scene.lost(4_000)
        scene.release()
    spread(place)

    told = {(each.kind, side(each)): each.body for each in deliveries(place)}
    by_yours = "went back to you through your bank or the service that you paid with"
    gone = told["payment.decided", "buyer"]
    assert f"NGN 40.00 for order the-order {by_yours}. Of the order's amount of NGN 100.00, NGN 60.00 is still" in gone
    less = told["payment.decided", "seller"]
    assert "NGN 40.00 of what was held for order the-order went back through the payer's bank" in less
    assert "Of the order's amount of NGN 100.00, NGN 60.00 is still held." in less
    paid = told["escrow.released", "seller"]
    assert (
        "NGN 57.00 for order the-order is in your wallet. The order's amount was NGN 100.00, of which NGN 60.00" in paid
    )
    assert "was still held, our fee NGN 3.00." in paid


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (
            lambda s: s.refund(by_card=True),
            "NGN 60.00 for order the-order is given back the way you paid. Of the order's amount of NGN 100.00, "
            "NGN 60.00 was still held.",
        ),
        (
            lambda s: s.refund(),
            "NGN 60.00 for order the-order is in your wallet. Of the order's amount of NGN 100.00, NGN 60.00 was still "
            "held.",
        ),
        (
            lambda s: s.taken(WHOLE, "payment.claw_back"),
            "NGN 60.00 for order the-order went back to you through your bank or the service that you paid with. Of "
            "the order's amount of NGN 100.00, NGN 60.00 was still held. Nothing is held for it any more.",
        ),
    ],
    ids=["by card", "into the wallet", "by the bank"],
)
def test_the_rest_that_goes_back_is_not_called_what_was_paid(
    sqlite_runtime: Runtime, then: Callable[[Scene], Any], said: str
) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        then(Scene(session, place).taken(4_000, "payment.claw_back"))
    spread(place)

    [letter] = [each for each in deliveries(place, Delivery.kind == "escrow.refunded") if side(each) == "buyer"]
    assert f"\n\n{said}" in letter.body


def test_after_a_split_each_hears_of_its_own_money_only(sqlite_runtime: Runtime) -> None:
    """The buyer's part could not go back to the card, and what a bank had taken of it all came back to the seller."""
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place).split(by_card=True).refund_ended(refund_ends.fail)
        scene.taken(4_000, "payment.claw_back").given_again()
    spread(place)

    told = {who: [each.body for each in deliveries(place) if side(each) == who] for who in ("buyer", "seller")}
    assert "Your refund of NGN 30.00 for order the-order could not go back to the card" in told["buyer"][2]
    assert "NGN 40.00 for order the-order, which had gone back to you" in told["buyer"][-1]
    assert "You get nothing of it here." in told["buyer"][-1]
    assert (
        "NGN 38.00 for order the-order is in your wallet. It had been taken back of the payment" in told["seller"][-1]
    )
    assert not [each for each in told["buyer"] + told["seller"] if "Given back" in each or "given again" in each]


def test_what_was_paid_above_the_price_is_said_to_be_in_the_wallet(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place, paid=False)
        word = ProviderResponse("r", ProviderStatus.SUCCEEDED, 12_000, "NGN", "77")
        how: ByActorUnderSettings = {"at": clock.now(), "actor": JOB, "settings": place.settings}
        payment_settlement.settle_all(session, {scene.payment: word}, **how)
        session.expire_all()
        scene.do("payment.accept", scene.payment)
    spread(place)

    [letter] = deliveries(place)
    assert "Your payment of NGN 100.00 for order the-order has arrived." in letter.body
    assert "The NGN 20.00 that you paid above that is in your wallet." in letter.body


def test_what_becomes_of_money_collected_besides_is_not_the_sellers_concern(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place).paid_twice("payment.keep")
        scene.payment = session.scalars(select(Payment.id).where(Payment.duplicate_of_id.is_not(None))).one()
        scene.hear(4_000, "78")
        scene.do("payment.write_off", scene.payment)
    spread(place)

    assert [side(each) for each in deliveries(place, Delivery.kind == "payment.decided")] == ["buyer"] * 2


def test_the_share_of_a_split_is_said_after_the_fee(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        Scene(session, place).split()
    spread(place)

    buyer, seller = deliveries(place, Delivery.kind == "escrow.split")
    assert "NGN 66.50 for order the-order is in your wallet. Our fee of NGN 3.50 was taken" in seller.body
    assert "70.00" not in seller.body
    assert "NGN 30.00 for order the-order is in your wallet." in buyer.body


def test_nothing_is_said_of_money_that_waits(sqlite_runtime: Runtime) -> None:
    """Frozen, in review, taken back and undecided: nobody hears that money goes anywhere."""
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place)
        freezes.freeze(session, scene.escrow.id, "Looks odd.", at=clock.now(), actor=AMINA)
        scene.hear(4_000)
    spread(place)

    assert [each.kind for each in deliveries(place)] == ["payment.succeeded"]


def test_the_docs_have_every_line() -> None:
    page = (ROOT / "docs" / "messages.md").read_text()
    missing = [line for line in map(row, money_templates.LINES) if line not in page]
    assert not missing, "\n".join(missing)


def side(letter: Delivery) -> str:
    """Whom it went to."""
    return (letter.recipient or "").partition("-")[0]


def row(line: money_templates.MoneyTemplate) -> str:
    """A line as the page shows it."""
    return f"| `{line.event}` | {line.side} | {money_templates.SHAPES[line.shape]} | {line.text.body} |"
