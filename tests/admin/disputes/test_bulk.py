"""Many disputes at once: marked or all that were found, looked at before, done by a run, each named."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from tests.support.market import Market, all_books_agree, wallet
from tests.support.people import hidden, send
from webapp import clock
from webapp.domain.states import Trigger
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.models import Approval, Audit, Dispute, Escrow, Freeze, Message, Run, RunItem, User
from webapp.runtime import Runtime
from webapp.services.disputes import bulk
from webapp.services.scheduling import runs

SignIn = Callable[..., FlaskClient]
REFUND = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "None of it came."}


def cases(desk: Runtime, *amounts: int, limit: int = 1_000_000) -> list[int]:
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(limit)
        return [market.dispute(market.escrow(amount)).id for amount in amounts]


def address(what: str, *ids: int, more: str = "") -> str:
    return f"/disputes/bulk/{what}?" + "&".join([*(f"ids={each}" for each in ids), more]).strip("&")


def preflight(client: FlaskClient, where: str, **fields: Any) -> str:
    answer = send(client, where, **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def groups(page: str) -> list[tuple[str, str, str]]:
    """Outcome, why and count of each row."""
    rows = re.findall(r"<tr>\s*<td class=\"state\".*?</tr>", page, re.S)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
    texts = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]
    return [(row[0], row[1], row[2]) for row in texts]


def go(desk: Runtime, client: FlaskClient, where: str, page: str) -> Run:
    answer = client.post(where, data=hidden(page, where.replace("&", "&amp;")))
    assert answer.status_code == 303, answer.text
    number = int(answer.location.rpartition("/")[2])
    run_job(desk, number)
    with desk.db.reading() as session:
        return runs.get(session, number)


def outcomes(desk: Runtime, run: Run) -> dict[int, tuple[str, str]]:
    with desk.db.reading() as session:
        found = session.scalars(select(RunItem).where(RunItem.run_id == run.id)).all()
    return {item.subject_id: (item.outcome, item.message) for item in found}


def test_marked_disputes_are_decided_alike_and_what_is_above_the_limit_is_proposed(
    desk: Runtime, sign_in: SignIn
) -> None:
    small, other, large = cases(desk, 4_000, 5_000, 80_000, limit=10_000)
    client = sign_in("agent")
    where = address("decision", small, other, large)
    page = preflight(client, where, **REFUND)
    assert groups(page) == [
        ("will be done", "–", "2"),
        ("will be proposed", "above your limit: a second person decides", "1"),
    ]
    assert "NGN\xa090.00" in page
    run = go(desk, client, where, page)
    assert (run.status, run.succeeded, run.failed, run.skipped) == ("succeeded", 3, 0, 0)
    assert run.amounts == {"NGN": 9_000}
    named = outcomes(desk, run)
    assert [named[each][0] for each in (small, other, large)] == ["done", "done", "proposed"]
    assert "is resolved" in named[small][1]
    assert named[large][1].startswith("Proposed.")
    with desk.db.reading() as session:
        status = {each.id: each.status for each in session.execute(select(Dispute.id, Dispute.status))}
        buyer = session.scalars(select(Escrow.buyer_id).join(Dispute).where(Dispute.id == small)).one()
        assert status == {small: "resolved", other: "resolved", large: "pending_approval"}
        assert wallet(session, buyer) == 4_000
        assert session.scalar(select(func.count()).select_from(Approval)) == 1
        record = session.scalars(select(Audit).where(Audit.action == "dispute.resolve").limit(1)).one()
        assert (record.actor_name, record.reason) == ("The agent", REFUND["reason"])
    assert "What became of each" in client.get(f"/runs/{run.id}").text
    all_books_agree(desk)


def test_what_does_not_apply_is_skipped_and_says_why(desk: Runtime, sign_in: SignIn) -> None:
    open_one, closed, proposed, frozen = cases(desk, 1_000, 1_000, 1_000, 1_000)
    with desk.db.transaction() as session:
        session.execute(update(Dispute).where(Dispute.id == closed).values(status="withdrawn"))
        session.execute(update(Dispute).where(Dispute.id == proposed).values(status="pending_approval"))
        its = select(Dispute.escrow_id).where(Dispute.id == frozen).scalar_subquery()
        session.execute(update(Escrow).where(Escrow.id == its).values(freezes=2))
    client = sign_in("approver")
    found = groups(preflight(client, address("decision", open_one, closed, proposed, frozen), **REFUND))
    assert found[0] == ("will be done", "–", "1")
    assert set(found[1:]) == {
        ("will be skipped", "closed already", "1"),
        ("will be skipped", "a decision waits for approval", "1"),
        ("will be skipped", "its escrow is frozen for another reason too", "1"),
    }
    no_fault = REFUND | {"resolution": "no_fault"}
    assert groups(preflight(client, address("decision", frozen), **no_fault)) == [("will be done", "–", "1")]
    page = preflight(client, address("decision", closed), **REFUND)
    assert "Nothing is left to do" in page
    assert 'name="seen"' not in page


def test_one_that_is_decided_meanwhile_is_skipped_with_a_sentence_and_a_second_run_decides_nothing(
    desk: Runtime, sign_in: SignIn
) -> None:
    first, second = cases(desk, 1_000, 2_000)
    client = sign_in("agent")
    where = address("decision", first, second)
    page = preflight(client, where, **REFUND)
    answers = [client.post(where, data=hidden(page, where.replace("&", "&amp;"))) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303], "sent twice, queued once"
    again = preflight(sign_in("approver"), where, **REFUND)
    other = sign_in("approver")
    page_of_other = preflight(other, where, **REFUND)
    assert groups(again) == [("will be done", "–", "2")]
    answer = other.post(where, data=hidden(page_of_other, where.replace("&", "&amp;")))
    with desk.db.transaction() as session:
        queued = session.scalars(select(Run.id).where(Run.job == bulk.JOB).order_by(Run.id)).all()
        assert len(queued) == 2
        session.execute(update(Dispute).where(Dispute.id == second).values(version=Dispute.version + 1))
    assert answer.status_code == 303
    for number in queued:
        run_job(desk, number)
    with desk.db.reading() as session:
        mine, theirs = (runs.get(session, number) for number in queued)
    assert (mine.succeeded, mine.skipped) == (1, 1)
    assert "changed since you opened it" in outcomes(desk, mine)[second][1]
    assert (theirs.succeeded, theirs.skipped) == (0, 2)
    assert "The agent resolved this dispute" in outcomes(desk, theirs)[first][1]
    all_books_agree(desk)


def test_disputes_that_change_between_the_look_and_the_deed_are_shown_again(desk: Runtime, sign_in: SignIn) -> None:
    (number,) = cases(desk, 1_000)
    client, where = sign_in("agent"), address("decision", number)
    page = preflight(client, where, **REFUND)
    with desk.db.transaction() as session:
        session.execute(update(Dispute).values(version=Dispute.version + 1))
    answer = client.post(where, data=hidden(page, where))
    assert answer.status_code == 200
    assert "have changed since. Nothing was done" in answer.text
    with desk.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run).where(Run.job == bulk.JOB)) == 0


def test_all_that_were_found_are_those_of_the_filter_and_not_of_the_page(
    desk: Runtime, sign_in: SignIn, monkeypatch: Any
) -> None:
    numbers = cases(desk, *[1_000] * 30, 90_000)
    client = sign_in("agent")
    page = client.get("/disputes/?tab=unassigned&to=10").text
    assert 'name="to" value="10"' in page
    where = address("assign", more="tab=unassigned&to=10&all=1")
    assert "For 30 disputes." in client.get(where).text
    with desk.db.reading() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    run = go(desk, client, where, preflight(client, where, user_id=str(agent)))
    assert run.succeeded == 30
    with desk.db.reading() as session:
        left = session.scalars(select(Dispute.id).where(Dispute.assignee_id.is_(None))).all()
    assert left == [numbers[-1]]
    monkeypatch.setattr(bulk, "MOST", 20)
    assert "the first 20 in the list" in client.get(address("assign", more="tab=mine&all=1")).text


def test_a_party_of_each_is_asked_once(desk: Runtime, sign_in: SignIn) -> None:
    numbers = cases(desk, 1_000, 2_000)
    client, where = sign_in("agent"), address("evidence", *numbers)
    page = preflight(client, where, side="seller", body="Send the delivery note.")
    run = go(desk, client, where, page)
    assert run.succeeded == 2
    with desk.db.transaction() as session:
        again = runs.queue_run(
            session, bulk.JOB, bulk.requester(session, (run.parameters or {})["by"], 0), Trigger.MANUAL, run.at, run.at,
            parameters=run.parameters,
        ).id  # fmt: skip
    run_job(desk, again)
    with desk.db.reading() as session:
        assert runs.get(session, again).skipped == 2
        assert session.scalar(select(func.count()).select_from(Message)) == 2
        assert set(session.scalars(select(Dispute.status))) == {"needs_response"}


def test_who_asked_and_may_no_more_does_nothing(desk: Runtime, sign_in: SignIn) -> None:
    (number,) = cases(desk, 1_000)
    client, where = sign_in("agent"), address("decision", number)
    page = preflight(client, where, **REFUND)
    answer = client.post(where, data=hidden(page, where))
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "agent@desk.example").values(active=False))
    run_job(desk, int(answer.location.rpartition("/")[2]))
    with desk.db.reading() as session:
        run = session.scalars(select(Run).where(Run.job == bulk.JOB)).one()
        assert (run.succeeded, run.skipped) == (0, 1)
        assert session.scalars(select(Freeze.lifted_at)).all() == [None]
    viewer = sign_in("viewer")
    for what in ("assign", "evidence", "decision"):
        assert viewer.get(address(what, number)).status_code == 403


def test_nothing_marked_is_said(sign_in: SignIn) -> None:
    assert "No dispute is marked." in sign_in("agent").get("/disputes/bulk/decision?tab=mine").text


@pytest.mark.parametrize("wrong", ["from=1%2C00", "from=-5", "currency=XXX%2C", "assignee=999999", "until=soon"])
def test_a_filter_that_can_not_be_read_means_no_dispute_and_not_all_of_them(
    desk: Runtime, sign_in: SignIn, wrong: str
) -> None:
    cases(desk, 1_000, 2_000)
    client = sign_in("agent")
    for what, fields in (("decision", REFUND), ("evidence", {"side": "seller", "body": "Please."}), ("assign", {})):
        where = address(what, more=f"tab=all&{wrong}&all=1")
        for answer in (client.get(where), client.post(where, data=fields | hidden(client.get("/").text, "/sign-out"))):
            assert answer.status_code in (400, 422), wrong
            assert "Mend it first." in unescape(answer.text)
    refused = client.get(f"/disputes/export.csv?tab=all&{wrong}")
    assert refused.status_code in (400, 422)
    assert "Mend it first." in unescape(refused.text)


@pytest.mark.parametrize(
    ("resolution", "decided", "proposed"),
    [
        ("refund_to_buyer", "Refund 2 disputes to their buyers", "Propose to refund 1 dispute to its buyer"),
        ("release_to_seller", "Release 2 disputes to their sellers", "Propose to release 1 dispute to its seller"),
        ("no_fault", "Decide no fault in 2 disputes", "Propose no fault in 1 dispute"),
    ],
)
def test_the_button_of_a_decision_names_the_deed_and_the_page_the_reason(
    desk: Runtime, sign_in: SignIn, resolution: str, decided: str, proposed: str
) -> None:
    small, other, large = cases(desk, 4_000, 5_000, 80_000, limit=10_000)
    client, asked = sign_in("agent"), REFUND | {"resolution": resolution}
    page = preflight(client, address("decision", small, other, large), **asked)
    assert f">{decided}, propose 1</button>" in page
    assert "None of it came." in page.partition('<dl class="facts')[2].partition("</dl>")[0]
    assert f">{decided}</button>" in preflight(client, address("decision", small, other), **asked)
    assert f">{proposed}</button>" in preflight(client, address("decision", large), **asked)


def test_the_button_names_the_assignee_and_who_is_asked(desk: Runtime, sign_in: SignIn) -> None:
    numbers = cases(desk, 1_000, 2_000)
    client = sign_in("agent")
    with desk.db.transaction() as session:
        agent = session.scalars(select(User).where(User.email == "agent@desk.example")).one()
        person, name = str(agent.id), agent.name
        session.execute(update(Dispute).where(Dispute.id == numbers[0]).values(assignee_id=agent.id))
    assert f">Assign 1 dispute to {name}</button>" in preflight(client, address("assign", *numbers), user_id=person)
    assert ">Take 1 dispute from its assignee</button>" in preflight(client, address("assign", *numbers), user_id="")
    page = preflight(client, address("evidence", *numbers), side="buyer", body="Send the receipt.")
    assert ">Ask the buyers of 2 disputes</button>" in page
    assert "Send the receipt." in page.partition('<dl class="facts')[2].partition("</dl>")[0]


def test_a_placeholder_is_refused_at_the_field_before_anything_is_previewed(desk: Runtime, sign_in: SignIn) -> None:
    numbers = cases(desk, 1_000, 2_000)
    answer = send(sign_in("agent"), address("evidence", *numbers), side="seller", body="Send {amount} photos.")
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert "Send {amount} photos." in text, "what was written is kept"
    assert "{amount} is not filled in" in text.partition('class="error"')[2]


def test_a_run_that_could_do_nothing_of_what_was_asked_did_not_succeed(desk: Runtime, sign_in: SignIn) -> None:
    numbers = cases(desk, 1_000, 2_000)
    client, where = sign_in("agent"), address("evidence", *numbers)
    page = preflight(client, where, side="seller", body="Send the delivery note.")
    answer = client.post(where, data=hidden(page, where.replace("&", "&amp;")))
    with desk.db.transaction() as session:
        session.execute(update(Dispute).values(version=Dispute.version + 1))
    run_job(desk, int(answer.location.rpartition("/")[2]))
    with desk.db.reading() as session:
        run = session.scalars(select(Run).where(Run.job == bulk.JOB)).one()
        assert (run.status, run.succeeded, run.skipped) == ("skipped", 0, 2)
