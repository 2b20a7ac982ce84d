"""Every page of cases and money answers, and refuses who may not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import select, update

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.domain.disputes.resolutions import REASON_CODES, RESOLUTION_CODES
from webapp.models import Approval, Dispute
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]

PAGES = (
    "/disputes",
    "/escrows",
    "/escrows/ageing",
    "/parties",
    "/approvals",
    "/audit",
    "/audit/verify",
    "/search",
    "/search?q=disp",
    "/search?q=²",
    "/audit?q=²",
)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_without_anything_says_what_would_be_there(sign_in: SignIn, address: str) -> None:
    answer = sign_in("viewer").get(address, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert "Traceback" not in answer.text


def test_a_case_that_is_assigned_to_nobody_says_so(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    client = sign_in("agent")
    answer = send(client, f"/disputes/{number}/assign", user_id="")
    assert "is assigned to nobody." in client.get(answer.location).text


def test_a_case_says_its_codes_in_the_words_that_they_were_chosen_by(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    pages = (f"/disputes/{number}", f"/disputes/{number}/print")
    client = sign_in("agent")
    decided = {"status": "resolved", "resolution": "no_fault", "resolved_at": clock.now()}
    for column, words in (("reason_code", REASON_CODES), ("resolution_code", RESOLUTION_CODES)):
        for code, label in words.items():
            with desk.db.transaction() as session:
                session.execute(update(Dispute).values(**decided, **{column: code}))
            for page in pages:
                assert str(escape(label)) in client.get(page).text, (page, code)


def test_a_case_names_earlier_ones_of_its_parties_and_how_they_ended(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        seller = market.party("seller")
        past, present = (market.dispute(market.escrow(10_000, seller=seller)) for _case in range(2))
        ended = {"status": "resolved", "resolution": "refund_to_buyer", "resolved_at": clock.now()}
        session.execute(update(Dispute).where(Dispute.id == past.id).values(**ended))
    viewer = sign_in("viewer")
    card = viewer.get(f"/disputes/{present.id}").text.split("Past cases of these parties")[1].split("</section>")[0]
    assert f'href="/disputes/{past.id}"' in card
    assert "Refunded to the buyer" in card
    assert "No earlier dispute of either party has ended." in viewer.get(f"/disputes/{past.id}").text


def test_the_second_person_has_the_whole_case_and_afterwards_what_was_posted(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1)
        dispute = market.dispute(market.escrow(10_000))
    here = f"/disputes/{dispute.id}"
    agent, approver = sign_in("agent"), sign_in("approver")
    send(agent, f"{here}/message", audience="buyer", body="Where is it?")
    send(agent, f"{here}/evidence/text", side="buyer", body="It never reached me.")
    decision = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "Right.", "step": "do"}
    send(agent, f"{here}/decision", page=here, **decision)
    with desk.db.reading() as session:
        number = session.scalars(select(Approval.id)).one()
    page = approver.get(f"/approvals/{number}").text
    for said in ("Nothing came.", "not delivered", "Where is it?", "It never reached me."):
        assert said in page, said
    assert "What was posted" not in page
    send(approver, f"/approvals/{number}/approve", page=f"/approvals/{number}")
    posted = approver.get(f"/approvals/{number}").text.split("What was posted")[1].split("</section>")[0]
    assert "NGN" in posted
    assert "refund" in posted
    assert "hold" not in posted.replace("placeholder", "")


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_a_proposal_about_no_escrow_tells_what_it_posted(desk: Runtime, sign_in: SignIn, answer: str) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1)
        party = market.party("seller").id
    amount = {"amount": "90", "currency": "NGN", "reference": "bank-1", "reason": "Paid in.", "step": "do"}
    send(sign_in("admin"), f"/parties/{party}/deposit", **amount)
    other = sign_in("approver")
    assert "What was posted" not in other.get("/approvals/1").text
    send(other, f"/approvals/1/{answer}", page="/approvals/1", reason="No.")
    posted = other.get("/approvals/1").text.split("What was posted")[1].split("</section>")[0].replace("\xa0", " ")
    assert ("NGN 90.00" in posted) == (answer == "approve")
    assert ("Nothing: it was rejected." in posted) == (answer == "reject")


def test_what_stands_against_any_payment_is_said_above_the_form(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        dispute = market.dispute(market.escrow(10_000))
    agent, here = sign_in("agent"), f"/disputes/{dispute.id}"
    assert "Nothing can be paid by a decision now" not in agent.get(here).text
    send(sign_in("approver"), f"/escrows/{dispute.escrow_id}/freeze", reason="Fraud suspected.")
    form = agent.get(here).text.partition('id="decide"')[2]
    assert "Nothing can be paid by a decision now" in form
    assert "Fraud suspected." in form
    send(sign_in("admin"), "/settings/stop", why="The bank called.")
    assert "The bank called." in agent.get(here).text.partition('id="decide"')[2]


def test_a_text_that_is_too_long_is_refused_whole_and_not_cut(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    agent, here = sign_in("agent"), f"/disputes/{number}"
    assert "maxlength" not in agent.get(here).text.partition('id="main"')[2]
    long = "y" * 10_001
    answer = send(agent, f"{here}/message", audience="buyer", body=long)
    assert answer.status_code == 422
    assert long in answer.text


def test_what_was_resolved_or_opened_last_stands_first(desk: Runtime, sign_in: SignIn) -> None:
    now = clock.now()
    with desk.db.transaction() as session:
        market = Market(session, desk, at=now)
        made = [market.dispute(market.escrow(10_000)) for _ in range(3)]
        refs = [dispute.ref for dispute in made]
        # Deadlines in the order opposite to what is wanted of either tab.
        for place, (dispute, resolved) in enumerate(zip(made, (2, 3, 1), strict=True)):
            dispute.status, dispute.resolved_at = "resolved", now + timedelta(minutes=resolved)
            dispute.due_at = now + timedelta(days=place)
    client = sign_in("agent")

    def shown(tab: str, more: str = "") -> list[str]:
        page = client.get(f"/disputes/?tab={tab}{more}").text
        return sorted(refs, key=lambda ref: page.index(f">{ref}<"))

    assert shown("resolved") == [refs[1], refs[0], refs[2]]
    assert shown("all") == [refs[2], refs[1], refs[0]]
    assert shown("all", "&sort=due_at") == refs
    first = client.get("/disputes/export.csv?tab=resolved").text
    assert first.index(refs[1]) < first.index(refs[0]) < first.index(refs[2])
