"""A case as a PDF: what is on record, in the reader's zone; internal notes only when they are asked for."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.market import Market
from tests.support.people import hidden, send
from webapp import clock
from webapp.models import Audit, Dispute, User
from webapp.runtime import Runtime
from webapp.services.reports import sheet
from webapp.services.reports.sheet import Sheet

SignIn = Callable[..., FlaskClient]
DECISION = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "It never came.", "step": "do"}


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """What was made into files, in order: the letters of a file are glyphs of a font."""
    made: list[Sheet] = []
    real = sheet.written

    def written(document: Sheet) -> bytes:
        made.append(document)
        return real(document)

    monkeypatch.setattr(sheet, "written", written)
    return made


def text_of(document: Sheet) -> str:
    said = [document.title, document.intro]
    for part in document.parts:
        said += [part.title, *part.texts, *(f"{name}: {value}" for name, value in part.facts)]
        said += [" ".join(row) for row in part.rows]
    return "\n".join(said).replace("\xa0", " ")


@pytest.fixture
def case(desk: Runtime, sign_in: SignIn) -> Dispute:
    """Decided, with a message and a note."""
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1_000_000)
        dispute = market.dispute(market.escrow(10_000))
        session.execute(update(User).values(zone="Africa/Nairobi"))
    agent = sign_in("agent")
    here = f"/disputes/{dispute.id}"
    send(agent, f"{here}/message", audience="buyer", body="Where is it? <b>مرحبا</b> 🙂")
    send(agent, f"{here}/message", audience="internal", body="The courier lies.")
    assert send(agent, f"{here}/decision", page=here, **DECISION).status_code == 303
    return dispute


def test_it_has_the_case_the_decision_and_the_ledger_and_no_notes(
    sign_in: SignIn, case: Dispute, sheets: list[Sheet]
) -> None:
    answer = sign_in("viewer").get(f"/disputes/{case.id}/case.pdf")
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case.ref}.pdf"'
    text = text_of(sheets[-1])
    for said in (case.ref, "not delivered", "Nothing came.", "Refunded to the buyer", "It never came.", "<b>مرحبا</b>"):
        assert said in text, said
    assert "Was held: NGN 100.00" in text
    assert "(Nairobi)" in text
    assert "UTC" not in text
    assert "courier lies" not in text
    assert "Internal note" not in text


def test_notes_are_in_it_only_when_they_are_asked_for_and_that_is_on_record(
    desk: Runtime, sign_in: SignIn, case: Dispute, sheets: list[Sheet]
) -> None:
    address = f"/disputes/{case.id}/case-with-notes"
    for role in ("viewer", "operator"):
        assert sign_in(role).get(address).status_code == 403
    assert sheets == []
    answer = send(sign_in("agent"), address)
    assert answer.data.startswith(b"%PDF-")
    assert "The courier lies." in text_of(sheets[-1])
    with desk.db.reading() as session:
        who = session.scalars(select(Audit.actor_name).where(Audit.action == "dispute.export_notes")).all()
    assert who == ["The agent"]


def test_it_is_in_the_readers_language(desk: Runtime, sign_in: SignIn, case: Dispute, sheets: list[Sheet]) -> None:
    with desk.db.transaction() as session:
        session.execute(update(User).values(language="fr"))
    assert b"/Lang (fr)" in sign_in("viewer").get(f"/disputes/{case.id}/case.pdf").data
    assert "Remboursé à l'acheteur" in text_of(sheets[-1])


def test_a_case_that_nobody_has_decided_says_so(desk: Runtime, sign_in: SignIn, sheets: list[Sheet]) -> None:
    with desk.db.transaction() as session:
        number = Market(session, desk, at=clock.now()).dispute().id
    assert sign_in("viewer").get(f"/disputes/{number}/case.pdf").status_code == 200
    assert "Not decided." in text_of(sheets[-1])


def test_a_decision_that_was_undone_says_so_wherever_it_is_read(
    desk: Runtime, sign_in: SignIn, sheets: list[Sheet]
) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1_000_000)
        dispute = market.dispute(market.escrow(10_000))
    agent, here = sign_in("agent"), f"/disputes/{dispute.id}"
    assert send(agent, f"{here}/decision", page=here, **DECISION).status_code == 303
    agent.get(f"{here}/case.pdf")
    assert "undone" not in agent.get(here).text + agent.get(f"{here}/print").text + text_of(sheets[-1])

    admin, address = sign_in("admin"), f"{here}/reversal"
    shares = {"buyer_amount": "30.00", "seller_amount": "70.00"}
    fields = {"then": "transfer.reverse_and_split", "reason": "Both.", "to_debt": "y", **shares}
    shown = send(admin, address, **fields).text
    assert admin.post(address, data=hidden(shown, address)).status_code == 303

    agent.get(f"{here}/case.pdf")
    for text in (agent.get(here).text, agent.get(f"{here}/print").text, text_of(sheets[-1])):
        plain = " ".join(re.sub(r"<[^>]+>", " ", text).replace("\xa0", " ").split())
        assert "What this decision paid was undone" in plain
        assert "Paid instead: " in plain
        assert "NGN 30.00" in plain
        assert "NGN 70.00" in plain


def test_paper_has_exact_times_and_tells_of_no_note(sign_in: SignIn, case: Dispute) -> None:
    page = sign_in("agent").get(f"/disputes/{case.id}/print").text
    assert " ago<" not in page
    assert "Internal note" not in page
    assert "Internal note" in sign_in("agent").get(f"/disputes/{case.id}").text
