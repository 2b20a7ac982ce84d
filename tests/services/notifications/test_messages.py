"""Who is told what: parties by email or telephone, staff in their chats, approvers before it is too late."""

import string
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.market import AMINA, CHIKA, DIVINE, Market
from tests.support.outbox import deliveries, payout_of, send, spread
from tests.support.paths import ROOT
from tests.support.people import add_people
from tests.support.receivers import Letters, with_settings
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.outbox.event_types import OrderDeclined, PayoutFailed, PayoutReversed, PayoutSucceeded
from webapp.models import Delivery, Escrow, Party, User
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.common import events
from webapp.services.common.readers import LetterReader
from webapp.services.disputes import disputes
from webapp.services.disputes import handling as dispute_handling
from webapp.services.notifications.messages import event_messages, reminders, templates
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import auto_deduct as party_auto_deduct
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}
CHATS = {"notify_urls": ["json://chat.example/staff", "json://sms.example/{phone}"]}


def reachable(session: Session, escrow: Escrow, *, phone: bool = False) -> None:
    """Give both parties an email address, or a telephone."""
    for side, party_id in (("buyer", escrow.buyer_id), ("seller", escrow.seller_id)):
        party = session.get_one(Party, party_id)
        party.email = None if phone else f"{side}@shop.example"
        party.phone = f"+23480000000{party_id:02}"


def told(runtime: Runtime) -> list[tuple[str, str | None]]:
    return [(each.kind, each.recipient) for each in deliveries(runtime, Delivery.channel != "webhook")]


def test_a_released_payment_is_told_to_its_seller(runtime: Runtime, letters: Letters) -> None:
    place = with_settings(runtime, smtp_url=letters.url)
    at = clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        market.limit(1_000_000)
        escrow = market.escrow(10_000, fee=500)
        reachable(session, escrow)
        escrow_decisions.release(
            session, escrow.id, "Done.", version=escrow.version, at=at, actor=AMINA, settings=place.settings
        )
    spread(place)
    send(place)

    ((to, letter),) = letters.got
    assert to == ["seller@shop.example"]
    assert "Payment released: NGN 95.00" in letter
    assert "Hello Seller," in letter
    assert [(each.status, each.attempts) for each in deliveries(place)] == [("delivered", 1)]


def test_both_sides_hear_of_a_dispute_and_of_its_end(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        market.limit(1_000_000)
        escrow = market.escrow(10_000)
        reachable(session, escrow)
        dispute = market.dispute(escrow)
        dispute_handling.say(session, dispute.id, "seller", "A word.", at=at, actor=AMINA)
        dispute_handling.say(session, dispute.id, "buyer", "From the buyer.", at=at, actor=AMINA, inbound=True)
        dispute_handling.say(session, dispute.id, "internal", "Between us.", at=at, actor=AMINA)
        decision = DisputeResolution("split", "agreement", "They agreed.", 6_000, 4_000)
        disputes.resolve(session, dispute.id, decision, version=1, at=at, actor=AMINA, settings=place.settings)
    spread(place)

    assert told(place) == [
        ("dispute.received", "buyer@shop.example"),
        ("dispute.opened", "seller@shop.example"),
        ("dispute.message", "seller@shop.example"),
        ("dispute.resolved", "buyer@shop.example"),
        ("dispute.resolved", "seller@shop.example"),
        ("escrow.split", "buyer@shop.example"),
        ("escrow.split", "seller@shop.example"),
    ]
    decided = deliveries(place, Delivery.kind == "dispute.resolved")
    assert "you get NGN 60.00 of NGN 100.00 back." in decided[0].body
    assert "you get NGN 40.00, and NGN 60.00 goes back to the buyer." in decided[1].body
    assert "A word." in deliveries(place)[2].body


@pytest.mark.parametrize(("resolution", "fee"), [("release_to_seller", 0), ("no_fault", 250)])
def test_neither_side_of_a_rejected_backjob_reads_that_money_moves_now(
    runtime: Runtime, resolution: str, fee: int
) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        market.limit(1_000_000)
        escrow = market.escrow(10_000, policy="buffer", fee=fee)
        orders.complete(session, escrow.order_id, at=at, actor=DIVINE, settings=place.settings)
        reachable(session, escrow)
        claim = market.dispute(escrow, "warranty_claim")
        decision = DisputeResolution(resolution, "evidence_for_seller", "Nothing is broken.")
        disputes.resolve(session, claim.id, decision, version=1, at=at, actor=AMINA, settings=place.settings)
        until = LetterReader().shown(escrow_decisions.get(session, escrow.id).release_at)
    spread(place)

    told = [each.body for each in deliveries(place, Delivery.kind == "dispute.resolved")]
    assert len(told) == 2
    for body in told:
        then = "NGN 97.50 to the seller after the fee of NGN 2.50" if fee else "to the seller"
        assert f"the claim is rejected. NGN 100.00 stay held until {until}, and only then go on" in body
        assert then in body
        assert "the money goes to the seller" not in body


@pytest.mark.parametrize(
    ("decision", "buyer", "seller"),
    [
        (
            DisputeResolution("split", "agreement", "They agreed.", 6_000, 4_000),
            "you get NGN 60.00 of NGN 100.00 back",
            "you get NGN 38.00 after the fee of NGN 2.00, and NGN 60.00 goes back to the buyer",
        ),
        (
            DisputeResolution("release_to_seller", "evidence_for_seller", "It came."),
            "the money goes to the seller",
            "you get NGN 95.00 after the fee of NGN 5.00",
        ),
        (
            DisputeResolution("refund_to_buyer", "evidence_for_buyer", "It never came."),
            "you get NGN 100.00 back",
            "NGN 100.00 goes back to the buyer",
        ),
    ],
)
def test_each_party_hears_what_the_decision_gives_it(
    runtime: Runtime, decision: DisputeResolution, buyer: str, seller: str
) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        market.limit(1_000_000)
        escrow = market.escrow(10_000, fee=500)
        reachable(session, escrow)
        dispute = market.dispute(escrow)
        disputes.resolve(session, dispute.id, decision, version=1, at=at, actor=AMINA, settings=place.settings)
    spread(place)

    letters = [each.body for each in deliveries(place) if each.kind == "dispute.resolved"]
    assert f"is decided: {buyer}.\n" in letters[0]
    assert f"is decided: {seller}.\n" in letters[1]


def test_a_party_that_must_answer_gets_one_message_with_the_deadline(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        dispute = market.dispute()
        reachable(session, session.get_one(Escrow, dispute.escrow_id))
        dispute_handling.ask(session, dispute.id, "seller", "Where is it?", at=at, actor=AMINA, settings=place.settings)
    spread(place)
    assert told(place)[-1] == ("dispute.needs_response", "seller@shop.example")
    assert len(told(place)) == 3
    assert "please answer by" in (deliveries(place)[-1].title or "")


def test_without_email_a_party_is_told_by_telephone_and_staff_in_its_chat(runtime: Runtime) -> None:
    place = with_settings(runtime, **CHATS, **MAIL)
    with place.db.transaction() as session:
        market = Market(session, place, at=clock.now())
        escrow = market.escrow()
        reachable(session, escrow, phone=True)
        market.dispute(escrow)
    spread(place)
    rows = deliveries(place)
    assert [(each.channel, each.kind) for each in rows] == [
        ("sms", "dispute.received"),
        ("sms", "dispute.opened"),
        ("chat", "staff.dispute.opened"),
    ]
    assert rows[0].recipient == f"+23480000000{escrow.buyer_id:02}"
    assert "Hello" not in rows[0].body
    assert (rows[2].recipient or "").startswith("json-")


def test_without_a_channel_nothing_is_written(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        escrow = market.escrow()
        reachable(session, escrow)
        market.dispute(escrow)
    spread(runtime)
    assert deliveries(runtime) == []


def test_what_happened_long_ago_is_told_to_nobody(runtime: Runtime) -> None:
    place = with_settings(runtime, **MAIL)
    with place.db.transaction() as session:
        market = Market(session, place, at=clock.now() - timedelta(days=4))
        escrow = market.escrow()
        reachable(session, escrow)
        market.dispute(escrow)
    spread(place)
    assert deliveries(place) == []


def test_a_declined_order_and_payouts_are_told(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        buyer, seller = market.party("buyer"), market.party("seller")
        buyer.email, seller.email = "buyer@shop.example", "seller@shop.example"
        new = NewOrder("order-unpaid", buyer.id, seller.id, 10_000, "NGN")
        order = orders.create(session, new, at=at, actor=DIVINE, settings=place.settings)
        events.add(session, OrderDeclined(reason="Never paid."), order.id, at=at)
        payout = payout_of(session, seller.id, at)
        for event in (PayoutFailed(), PayoutReversed(), PayoutSucceeded()):
            events.add(session, event, payout.id, at=at)
    spread(place)
    assert told(place) == [
        ("order.declined", "buyer@shop.example"),
        ("payout.failed", "seller@shop.example"),
        ("payout.reversed", "seller@shop.example"),
        ("payout.succeeded", "seller@shop.example"),
    ]
    assert "ending in 6789" in deliveries(place)[-1].body


def test_a_party_is_told_what_its_standing_order_took(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        party = Market(session, place, at=at).party("debtor", wallet=50_000)
        party.email = "debtor@shop.example"
        money.owe(session, party.id, 10_000, "NGN", reference="a-debt", at=at, actor=DIVINE)
        order = auto_deduct_mandates.change(session, party.id, "NGN", MandateTerms(True), version=0, at=at, actor=AMINA)
        rule = auto_deduct_mandates.rule(place.settings)
        party_auto_deduct.deduct_all(session, [order.id], at=at, actor=job_actor("auto_deduct"), rule=rule)
    spread(place)

    assert told(place) == [("party.auto_deducted", "debtor@shop.example")]
    [letter] = deliveries(place)
    assert letter.title == "NGN 30.00 were repaid from your wallet"
    assert "You now owe NGN 70.00." in letter.body


def test_every_event_that_is_told_has_its_words() -> None:
    kinds = {f"{kind}.{side}" for kind, sides in event_messages.TO_PARTIES.items() for side in sides}
    kinds -= {f"{kind}.{side}" for kind in event_messages.TAKEN for side in ("buyer", "seller")}  # told as taken_again
    assert {kind for kind in kinds if not {kind, kind.rpartition(".")[0]} & set(templates.TEXTS)} == set()
    assert {kind for kind in event_messages.TO_STAFF if f"staff.{kind}" not in templates.TEXTS} == set()


@pytest.mark.parametrize("kind", sorted(templates.TEXTS))
def test_texts_name_known_fields_only(kind: str) -> None:
    known = {
        "amount",
        "fee",
        "share",
        "order",
        "reference",
        "dispute",
        "claimant",
        "reason",
        "resolution",
        "due",
        "link",
        "message",
        "payout",
        "ending",
        "said",
        "maker",
        "report",
        "made",
        "figures",
        "end",
        "action",
        "severity",
        "subject",
        "sentence",
        "rule",
        "since",
        "until",
        "debt",
        "name",
        "currency",
        "effective",
        "surplus_said",
        "disputed",
        "given_back_said",
        "about",
        "covered",
        "rest_said",
        "again",
        "way_said",
        "given_said",
        "back_said",
        "used_said",
        "passkey",
        "origin",
    }
    text = templates.TEXTS[kind]
    used = {name for part in (text.title, text.body, text.short) for _, name, _, _ in string.Formatter().parse(part)}
    assert used - {None} <= known
    assert "{" not in templates.write(kind, {"name": "{order}"}, LetterReader()).body.replace("{order}", "")


def test_the_docs_have_every_message_to_a_party() -> None:
    page = (ROOT / "docs" / "messages.md").read_text()
    of_parties = {kind: text for kind, text in templates.TEXTS.items() if not kind.startswith(("staff.", "alert."))}
    assert [kind for kind, text in of_parties.items() if f"| `{kind}` | {text.short} |" not in page] == []


def remind(runtime: Runtime, at: datetime) -> list[tuple[str, str | None]]:
    """Remind, twice, and say who was told."""
    for _ in range(2):
        with runtime.db.transaction() as session:
            reminders.write(session, at, runtime.settings)
    return told(runtime)


def test_who_has_a_dispute_is_reminded_a_day_before_and_once_when_it_is_late(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    add_people(place)
    with place.db.transaction() as session:
        dispute = Market(session, place, at=at).dispute()
        agent = session.query(User).filter_by(email="agent@desk.example").one()
        dispute_handling.assign(session, dispute.id, agent.id, at=at, actor=AMINA)
        due_at = dispute.due_at
    assert remind(place, due_at - timedelta(hours=25)) == []
    assert remind(place, due_at - timedelta(hours=23)) == [("staff.dispute.due", "agent@desk.example")]
    assert remind(place, due_at + timedelta(minutes=1))[1:] == [("staff.dispute.overdue", "agent@desk.example")]


def test_a_party_is_reminded_at_half_of_its_time_and_before_its_end(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    with place.db.transaction() as session:
        dispute = Market(session, place, at=at).dispute()
        reachable(session, session.get_one(Escrow, dispute.escrow_id))
        dispute_handling.ask(session, dispute.id, "seller", "Where is it?", at=at, actor=AMINA, settings=place.settings)
        due_at = disputes.get(session, dispute.id).due_at
    reminder = ("dispute.answer_reminder", "seller@shop.example")
    assert remind(place, at + timedelta(hours=35)) == []
    assert remind(place, at + timedelta(hours=37)) == [reminder]
    assert remind(place, due_at - timedelta(hours=3)) == [reminder] * 2
    assert remind(place, due_at + timedelta(hours=1)) == [reminder] * 2


def test_approvers_hear_of_a_proposal_before_it_lapses(runtime: Runtime) -> None:
    place, at = with_settings(runtime, **MAIL), clock.now()
    add_people(place)
    with place.db.transaction() as session:
        market = Market(session, place, at=at)
        escrow = market.escrow()
        maker = session.query(User).filter_by(email="approver@desk.example").one()
        actor = type(CHIKA)("user", maker.id, maker.name, CHIKA.permissions)
        decided = escrow_decisions.refund(
            session, escrow.id, "Broken.", version=escrow.version, at=at, actor=actor, settings=place.settings
        )
        assert decided.approval is not None
        expires_at = decided.approval.expires_at
    assert remind(place, expires_at - timedelta(hours=13)) == []
    assert remind(place, expires_at - timedelta(hours=11)) == [("staff.approval.lapses", "admin@desk.example")]


def test_a_message_says_when_in_words() -> None:
    assert LetterReader().shown(datetime.fromisoformat("2026-03-02T09:30:00+00:00")) == "02 March 2026, 09:30 UTC"


def test_a_letter_calls_a_warranty_claim_what_the_marketplace_does(runtime: Runtime) -> None:
    place = with_settings(runtime, **MAIL, warranty_claim_name="backjob")
    with place.db.transaction() as session:
        market = Market(session, place, at=clock.now())
        escrow = market.escrow(10_000)
        reachable(session, escrow)
        market.dispute(escrow, "warranty_claim")
    spread(place)
    assert "made a claim (backjob: " in deliveries(place, Delivery.kind == "dispute.opened")[0].body
