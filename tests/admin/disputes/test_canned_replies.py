"""Canned replies: kept, shared, chosen, filled in, and never sent with a gap."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.models import Audit, CannedReply, Dispute, Escrow, Message, Order, Party
from webapp.runtime import Runtime
from webapp.services.disputes import canned_replies

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def case(desk: Runtime) -> Dispute:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        return market.dispute(market.escrow(10_000))


def kept(client: FlaskClient, title: str, body: str, **more: Any) -> Any:
    return send(client, "/replies/add", title=title, body=body, **more)


def number_of(desk: Runtime, title: str) -> int:
    with desk.db.reading() as session:
        return session.scalars(select(CannedReply.id).where(CannedReply.title == title)).one()


def test_own_replies_are_ones_own_and_shared_ones_everybodys(desk: Runtime, sign_in: SignIn, case: Dispute) -> None:
    agent, approver = sign_in("agent"), sign_in("approver")
    assert kept(agent, "Mine", "Dear {party}").status_code == 303
    assert kept(approver, "Ours", "Dear {party}", shared="y").status_code == 303
    for client, titles in ((agent, {"Mine", "Ours"}), (approver, {"Ours"})):
        for page in ("/replies", f"/disputes/{case.id}", f"/disputes/{case.id}/ask", "/replies/export.csv"):
            text = client.get(page).text
            assert {title for title in ("Mine", "Ours") if title in text} == titles, page
    mine = number_of(desk, "Mine")
    for path in (f"/replies/{mine}/change", f"/replies/{mine}/remove", f"/disputes/{case.id}/reply-text?reply={mine}"):
        assert approver.get(path).status_code == 404
    assert agent.get(f"/disputes/{case.id}/reply-text?reply={mine}").status_code == 200


def test_sharing_takes_a_permission(desk: Runtime, sign_in: SignIn) -> None:
    agent, approver = sign_in("agent"), sign_in("approver")
    assert 'name="shared"' not in agent.get("/replies/add").text
    kept(agent, "Smuggled", "Text", shared="y")
    with desk.db.reading() as session:
        assert session.scalars(select(CannedReply.owner_id)).one() is not None
    kept(approver, "Ours", "Text", shared="y")
    ours = number_of(desk, "Ours")
    for path, fields in (
        (f"/replies/{ours}/change", {"title": "Theirs", "body": "X"}),
        (f"/replies/{ours}/remove", {}),
    ):
        assert send(agent, path, **fields).status_code == 403
    assert "Ours" in approver.get("/replies").text
    for role in ("viewer", "operator"):
        assert sign_in(role).get("/replies").status_code == 403


@pytest.mark.parametrize(
    ("title", "body", "sentence"),
    [
        ("Odd", "Dear {name}, {amonut}", "There is no placeholder {name}, {amonut}."),
        ("", "Text", "Give it a title."),
        ("Empty", " ", "Write something."),
        ("Twice", "Text", "Another reply has this title."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(sign_in: SignIn, title: str, body: str, sentence: str) -> None:
    agent = sign_in("agent")
    kept(agent, "Twice", "Text")
    answer = kept(agent, title, body)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert body.strip() in answer.text


def test_changes_are_audited_and_a_stale_one_changes_nothing(desk: Runtime, sign_in: SignIn) -> None:
    agent = sign_in("agent")
    kept(agent, "First", "One")
    number = number_of(desk, "First")
    path = f"/replies/{number}/change"
    assert send(agent, path, title="Second", body="Two").status_code == 303
    assert send(agent, path, title="Third", body="Three", version="1").status_code == 409
    assert send(agent, f"/replies/{number}/remove").status_code == 303
    with desk.db.reading() as session:
        records = session.execute(
            select(Audit.action, Audit.before, Audit.after)
            .where(Audit.subject_kind == "canned_reply")
            .order_by(Audit.id)
        ).all()
        assert session.scalars(select(CannedReply.id)).all() == []
    assert [record.action.removeprefix("canned_reply.") for record in records] == ["create", "change", "remove"]
    assert "One" in str(records[1].before)
    assert "Two" in str(records[1].after)


def test_it_is_filled_in_for_the_side_that_is_written_to(desk: Runtime, sign_in: SignIn, case: Dispute) -> None:
    with desk.db.transaction() as session:
        escrow = session.get_one(Escrow, case.escrow_id)
        order = session.get_one(Order, escrow.order_id).ref
        session.execute(update(Party).where(Party.id == escrow.seller_id).values(name="Kofi", language="fr"))
        session.execute(update(Party).where(Party.id == escrow.buyer_id).values(name="Ama"))
    agent = sign_in("agent")
    kept(agent, "All", "{party}, {reference}, {order}, {amount}, {deadline}")
    asked = f"/disputes/{case.id}/reply-text?reply={number_of(desk, 'All')}"
    buyer: dict[str, str] = agent.get(f"{asked}&side=buyer").get_json()
    assert buyer["text"].startswith(f"Ama, {case.ref}, {order}, NGN")
    assert buyer["text"].endswith("UTC")
    assert buyer["note"] == ""
    seller: dict[str, str] = agent.get(f"{asked}&side=seller").get_json()
    assert seller["text"].startswith(f"Kofi, {case.ref}, {order}, NGN\xa0100,00, ")


def test_without_scripts_a_page_comes_filled_in_and_says_what_is_not(
    sign_in: SignIn, desk: Runtime, case: Dispute
) -> None:
    agent = sign_in("agent")
    kept(agent, "Gap", "Yours, {marketplace}")
    number = number_of(desk, "Gap")
    for page in ("message", "ask"):
        text = agent.get(f"/disputes/{case.id}/{page}?reply={number}&side=seller").text
        assert "Yours, {marketplace}</textarea>" in text
        assert "{marketplace} could not be filled in" in text
        assert 'checked id="audience-1"' in text or 'checked id="side-1"' in text
    assert agent.get(f"/disputes/{case.id}/message?reply=999").status_code == 404


def test_no_party_is_sent_a_gap(sign_in: SignIn, desk: Runtime, case: Dispute) -> None:
    agent = sign_in("agent")
    gap = "Yours, {marketplace}"
    for path, fields in (
        ("message", {"audience": "buyer", "body": gap}),
        ("ask", {"side": "seller", "body": gap}),
    ):
        answer = send(agent, f"/disputes/{case.id}/{path}", **fields)
        assert answer.status_code == 422
        assert "{marketplace} is not filled in" in answer.text
    for audience, body in (("internal", gap), ("from_buyer", gap), ("buyer", "A {brace} is none.")):
        assert send(agent, f"/disputes/{case.id}/message", audience=audience, body=body).status_code == 303
    with desk.db.reading() as session:
        assert len(session.scalars(select(Message)).all()) == 3


def test_there_is_an_end_to_them(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canned_replies, "MOST", 1)
    agent = sign_in("agent")
    assert kept(agent, "One", "Text").status_code == 303
    answer = kept(agent, "Two", "Text")
    assert answer.status_code == 409
    assert "Remove one first." in answer.text
