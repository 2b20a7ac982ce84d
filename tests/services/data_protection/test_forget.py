"""Forgetting a party: nothing tells who it was any more, books and audit chain are whole, and it is refused while
money, claims or messages need to know.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.services.audit.test_seals import tampered
from tests.services.data_protection.scene import MARKS, NAME, Scene, forgotten, lived, owes, places_with
from tests.support import money
from tests.support.market import AMINA, DIVINE, NOW, Market, all_books_agree
from webapp.domain.states import AccountKind
from webapp.errors import Conflict, Invalid, NotAllowed, Refusal
from webapp.importers.order_records import OrderRecord
from webapp.importers.orders import import_orders
from webapp.models import Account, Audit, Delivery, Evidence, Idempotency, InboundWebhook, Message, Party
from webapp.runtime import Runtime
from webapp.services.audit import redaction
from webapp.services.data_protection.refusals import refusals
from webapp.services.disputes.disputes import NewDispute, open_dispute
from webapp.services.imports.orders import load
from webapp.services.ledger import accounts
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import parties
from webapp.services.payouts.schedules import schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.sql import lock


def life(runtime: Runtime) -> Scene:
    with runtime.db.transaction() as session:
        scene = lived(session, runtime)
    all_books_agree(runtime)
    return scene


def test_nothing_tells_who_it_was_and_books_and_chain_are_whole(runtime: Runtime) -> None:
    scene = life(runtime)
    with runtime.db.reading() as session:
        before = {mark: places_with(session, mark) for mark in MARKS}
    # The number of the account is encrypted from the start.
    assert [mark for mark, places in before.items() if not places] == ["0690000031", "···0031"], before
    assert scene.file.is_file()
    with runtime.db.transaction() as session:
        done = forgotten(session, runtime, scene.party.id)
        assert done.is_new
        assert scene.file.is_file(), "before the commit nothing on disk is gone"
    assert not scene.file.exists()
    with runtime.db.reading() as session:
        assert {mark: places for mark in MARKS if (places := places_with(session, mark))} == {}
        party = parties.by_ref(session, "p-imani")
        assert (party.name, party.email, party.phone) == (f"Forgotten party {party.id}", None, None)
        assert (party.forgotten_at, party.forgotten_by, party.forgotten_reason) == (NOW, "Divine", "Asked by letter.")
        record = session.scalars(select(Audit).where(Audit.action == "party.forget")).one()
        assert record.reason == "Asked by letter."
        assert json.loads(str(record.after)) == done.replaced
        assert done.replaced["claims"] == done.replaced["payout destinations"] == done.replaced["evidence"] == 1
    all_books_agree(runtime)


def test_what_is_the_other_partys_stays(runtime: Runtime) -> None:
    scene = life(runtime)
    with runtime.db.transaction() as session:
        forgotten(session, runtime, scene.party.id)
    with runtime.db.reading() as session:
        bodies = list(session.scalars(select(Message.body).order_by(Message.id)))
        assert bodies == ["[forgotten]", "[forgotten] sounds angry.", "Did [forgotten] sign?"]
        shown = {row.side: row.body for row in session.scalars(select(Evidence))}
        assert shown == {"buyer": "[forgotten]", "seller": "[forgotten] got it."}
        assert session.scalars(select(Delivery.status).where(Delivery.key == "d-2")).one() == "cancelled"


def test_the_second_time_nothing_is_done(runtime: Runtime) -> None:
    scene = life(runtime)
    for is_new in (True, False):
        with runtime.db.transaction() as session:
            done = forgotten(session, runtime, scene.party.id)
            assert done.is_new is is_new
    assert done.replaced == {}
    with runtime.db.reading() as session:
        assert len(session.scalars(select(Audit).where(Audit.action == "party.forget")).all()) == 1


def test_a_write_that_is_repeated_is_not_done_again_for_a_name_in_its_answer(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.add(Party(ref="p-imani", name="Ed", created_at=NOW))
        for key, answer in (("k-1", '{"created_at":"2026"}'), ("k-2", '{"name":"Ed"}')):
            session.add(Idempotency(actor="token:1", key=key, request_hash="h", status=201, answer=answer, at=NOW))
    with runtime.db.transaction() as session:
        forgotten(session, runtime, parties.by_ref(session, "p-imani").id)
    with runtime.db.reading() as session:
        answers = session.scalars(select(Idempotency.answer).order_by(Idempotency.key)).all()
        assert answers == ['{"created_at":"2026"}', '{"name":"[forgotten]"}']


def test_a_webhook_of_others_that_waits_to_be_handled_keeps_its_words(sqlite_runtime: Runtime) -> None:
    about: dict[str, Any] = {"provider": "paystack", "event": "charge", "body": '{"status":"paid"}', "received_at": NOW}
    with sqlite_runtime.db.transaction() as session:
        session.add(Party(ref="p-imani", name="Paid", created_at=NOW))
        session.add(InboundWebhook(key="k-1", status="received", **about))
        session.add(InboundWebhook(key="k-2", status="handled", **about))
    with sqlite_runtime.db.transaction() as session:
        forgotten(session, sqlite_runtime, parties.by_ref(session, "p-imani").id)
    with sqlite_runtime.db.reading() as session:
        bodies = session.scalars(select(InboundWebhook.body).order_by(InboundWebhook.key)).all()
        assert bodies == ['{"status":"paid"}', '{"status":"[forgotten]"}']


def test_it_needs_the_right_a_reason_and_the_reference(sqlite_runtime: Runtime) -> None:
    scene = life(sqlite_runtime)
    for more, problem in (
        ({"actor": AMINA}, NotAllowed),
        ({"confirmation": "p-iman"}, Invalid),
    ):
        with pytest.raises(problem), sqlite_runtime.db.transaction() as session:
            forgotten(session, sqlite_runtime, scene.party.id, **more)
    with sqlite_runtime.db.reading() as session:
        assert session.get_one(Party, scene.party.id).name == NAME


def _held(market: Market, scene: Scene) -> None:
    order = NewOrder("o-2", scene.other.id, scene.party.id, 700, "NGN", terms="paid", fee=0)
    made = orders.create(market.session, order, at=NOW, actor=DIVINE, settings=market.runtime.settings)
    claim = NewDispute(orders.escrow_of(market.session, made.id).id, "buyer", "not_delivered", "Nothing.")
    open_dispute(market.session, claim, at=NOW, actor=AMINA, settings=market.runtime.settings)


def _unpaid(market: Market, scene: Scene) -> None:
    order = NewOrder("o-2", scene.party.id, scene.other.id, 700, "NGN")
    orders.create(market.session, order, at=NOW, actor=DIVINE, settings=market.runtime.settings)


def _planned(market: Market, scene: Scene) -> None:
    schedules.create(market.session, NewSchedule("s-1", scene.party.id, 5, "NGN", NOW), at=NOW, actor=DIVINE)


def _in_wallet(market: Market, scene: Scene) -> None:
    money.deposit(market.session, scene.party.id, 9_900, "NGN", reference="d-9", at=NOW, actor=DIVINE)


def _said(statement: str) -> Any:
    return lambda market, scene: market.session.execute(text(statement))


STANDING: dict[str, Any] = {
    "Its wallet holds NGN 99.00": _in_wallet,
    "It owes NGN 1.00": lambda market, scene: owes(market.session, scene.party.id),
    "Money is held, or to be paid, in escrow": _held,
    "Dispute D-000002 is open": _held,
    "Order o-2 awaits payment": _unpaid,
    "Payout schedule s-1 is planned": _planned,
    "Payment 1 is pending or in review": _said("UPDATE payment SET status = 'needs_review'"),
    "Inbound webhook 1 about its payments": _said("UPDATE inbound_webhook SET status = 'received'"),
}


@pytest.mark.parametrize("sentence", STANDING)
def test_it_is_refused_with_a_sentence_while_something_is_open(sqlite_runtime: Runtime, sentence: str) -> None:
    scene = life(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        STANDING[sentence](Market(session, sqlite_runtime), scene)
    with pytest.raises(Conflict, match=sentence), sqlite_runtime.db.transaction() as session:
        forgotten(session, sqlite_runtime, scene.party.id)
    with sqlite_runtime.db.reading() as session:
        assert session.get_one(Party, scene.party.id).forgotten_at is None
        assert session.scalars(select(Audit.id).where(Audit.action.like("audit.%"))).all() == []


def test_nothing_is_forgotten_while_the_chain_is_broken(runtime: Runtime) -> None:
    scene = life(runtime)
    tampered(runtime, "UPDATE audit SET actor = 'user:9' WHERE action = 'dispute.open'")
    with pytest.raises(Conflict, match="not as it was sealed"), runtime.db.transaction() as session:
        forgotten(session, runtime, scene.party.id)
    with runtime.db.reading() as session:
        assert session.get_one(Party, scene.party.id).name == NAME
        assert places_with(session, NAME)
    assert scene.file.is_file()


NEW: dict[str, Any] = {
    "an order": _unpaid,
    "an order to it": _held,
    "a payout schedule": _planned,
    "a deposit": _in_wallet,
    "a debt": lambda market, scene: owes(market.session, scene.party.id),
    "a name": lambda market, scene: parties.change(
        market.session, scene.party.id, {"name": NAME}, at=NOW, actor=DIVINE
    ),
}


@pytest.mark.parametrize("what", NEW)
def test_nothing_new_is_done_with_it(sqlite_runtime: Runtime, what: str) -> None:
    scene = life(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        forgotten(session, sqlite_runtime, scene.party.id)
    with pytest.raises(Refusal, match="p-imani is forgotten"), sqlite_runtime.db.transaction() as session:
        NEW[what](Market(session, sqlite_runtime), scene)


def test_who_wants_to_make_an_order_waits_until_it_is_forgotten(pg_runtime: Runtime) -> None:
    scene = life(pg_runtime)
    with pg_runtime.db.transaction() as session:
        forgotten(session, pg_runtime, scene.party.id)
        with pytest.raises(DBAPIError, match="lock timeout"), pg_runtime.db.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            parties.require_known(other, scene.other.id, scene.party.id)


def test_who_forgets_waits_for_an_order_that_is_being_made(pg_runtime: Runtime) -> None:
    scene = life(pg_runtime)
    with pg_runtime.db.transaction() as session:
        _unpaid(Market(session, pg_runtime), scene)
        with pytest.raises(DBAPIError, match="lock timeout"), pg_runtime.db.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            forgotten(other, pg_runtime, scene.party.id)


def test_who_forgets_waits_for_money_on_its_way_to_its_accounts(pg_runtime: Runtime) -> None:
    scene = life(pg_runtime)
    with pg_runtime.db.transaction() as session:
        account = accounts.open_account(session, AccountKind.WALLET, scene.party.id, "NGN", at=NOW)
    with pg_runtime.db.transaction() as session:
        lock(session, Account, [account])  # as every posting does
        with pytest.raises(DBAPIError, match="lock timeout"), pg_runtime.db.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            forgotten(other, pg_runtime, scene.party.id)


def test_what_may_still_reach_an_account_is_asked_about_before_the_account(sqlite_runtime: Runtime) -> None:
    scene = life(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        _held(Market(session, sqlite_runtime), scene)
        _in_wallet(Market(session, sqlite_runtime), scene)
        asked = list(refusals(session, scene.party.id))
    assert asked[0].startswith("Money is held, or to be paid, in escrow")
    assert asked[-1].startswith("Its wallet holds")


def test_who_forgets_waits_for_another_who_redacts_records_before_it_reads_any(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        session.add(Party(ref="p-imani", name=NAME, created_at=NOW))
    with pg_runtime.db.transaction() as session:
        redaction.begin(session)
        with pytest.raises(DBAPIError, match="lock timeout"), pg_runtime.db.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            forgotten(other, pg_runtime, parties.by_ref(other, "p-imani").id)


def test_an_import_loads_nothing_of_a_forgotten_party(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    scene = life(sqlite_runtime)
    file = tmp_path / "orders.csv"
    file.write_text("order_ref,buyer_ref,seller_ref,amount,currency\no-9,p-imani,p-new,5.00,NGN\n")
    with sqlite_runtime.db.transaction() as session:
        forgotten(session, sqlite_runtime, scene.party.id)
    problems: list[str] = []
    done = import_orders(sqlite_runtime, file, actor=DIVINE, problem=lambda _line, reason: problems.append(reason))
    assert (done.imported, done.rejected) == (0, 1)
    assert "'p-imani' is a party that is forgotten" in problems[0]
    created = "2026-03-02 09:30:00.000000"
    line = OrderRecord(
        2, "o-9", "p-imani", scene.other.ref, 500, "NGN", 0, "deadline", created, None, None, None, None, ""
    )
    with pytest.raises(Conflict, match="p-imani was forgotten meanwhile"), sqlite_runtime.db.transaction() as session:
        load(session, [line], at=NOW, actor=DIVINE)
