"""The page of a case says what others did since, without being loaded again."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import send
from webapp import clock
from webapp.models import Dispute
from webapp.runtime import Runtime
from webapp.services.disputes import presence
from webapp.services.read_models import case_news

SignIn = Callable[..., FlaskClient]
POLL = {"X-Desk-Poll": "1"}


@pytest.fixture
def case(desk: Runtime) -> Dispute:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        return market.dispute(market.escrow(10_000))


def polled(client: FlaskClient, case: Dispute) -> str:
    """The address that the page asks."""
    found = re.search(r'data-live="([^"]+)"', client.get(f"/disputes/{case.id}").text)
    assert found
    return found[1].replace("&amp;", "&")


def news(client: FlaskClient, address: str) -> str:
    answer = client.get(address, headers=POLL)
    assert answer.status_code == 200
    assert len(answer.data) <= 2048
    return " ".join(answer.text.split())


def test_what_others_do_is_said_and_what_one_does_oneself_is_not(desk: Runtime, sign_in: SignIn, case: Dispute) -> None:
    agent, approver = sign_in("agent"), sign_in("approver")
    address = polled(agent, case)
    assert "new thing" not in news(agent, address)
    here = f"/disputes/{case.id}"
    send(agent, f"{here}/message", audience="internal", body="Mine.")
    assert "new thing" not in news(agent, address)

    steps: list[tuple[str, dict[str, Any], str]] = [
        (f"{here}/message", {"audience": "buyer", "body": "Where is it?"}, "1 new thing: Message or note"),
        (f"{here}/evidence/text", {"side": "buyer", "body": "A photo."}, "2 new things: Evidence added"),
        (f"/escrows/{case.escrow_id}/freeze", {"reason": "Odd."}, "3 new things: Frozen"),
        (f"{here}/escalate", {"reason": "Too large for me."}, "4 new things: Escalated"),
    ]
    for path, fields, said in steps:
        answer = send(approver, path, **fields)
        assert answer.status_code == 303, answer.text
        shown = news(agent, address)
        assert said in re.sub(r"<[^>]+>", "", shown).replace("  ", " ")
        assert "(The approver)" in shown
    assert "new thing" not in news(agent, polled(agent, case))


def test_nothing_is_sent_while_nothing_is_new(sign_in: SignIn, case: Dispute, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = sign_in("agent")
    now = clock.now().replace(second=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    address = polled(agent, case)
    first = agent.get(address, headers=POLL)
    again = agent.get(address, headers=POLL | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_case_with_a_long_past_is_counted_from_its_latest_records(
    desk: Runtime, sign_in: SignIn, case: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_news, "RECENT", 3)
    monkeypatch.setattr(case_news, "MOST_NEW", 2)
    agent, approver = sign_in("agent"), sign_in("approver")
    for number in range(4):
        send(approver, f"/disputes/{case.id}/message", audience="internal", body=f"Note {number}.")
    address = polled(agent, case)
    assert "count=3" in address
    assert "new thing" not in news(agent, address)
    for number in range(4):
        send(approver, f"/disputes/{case.id}/message", audience="internal", body=f"More {number}.")
    assert "2 new things" in news(agent, address)


def test_who_has_it_open_too_is_named(
    desk: Runtime, sign_in: SignIn, case: Dispute, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[int, list[int]] = {}

    def others(_self: Any, dispute_id: int, user_id: int, _at: Any) -> list[int]:
        there = kept.setdefault(dispute_id, [])
        there[:] = [user_id, *[one for one in there if one != user_id]]
        return [one for one in there if one != user_id]

    monkeypatch.setattr(presence.Presence, "others", others)
    agent, viewer, admin = sign_in("agent"), sign_in("viewer"), sign_in("admin")
    address = polled(agent, case)
    assert "here too" not in news(agent, address)
    assert "The agent is here too." in viewer.get(f"/disputes/{case.id}").text
    assert "The viewer is here too." in news(agent, address)
    admin.get(f"/disputes/{case.id}")
    assert "The admin, The viewer are here too." in news(agent, address)


def test_odd_addresses_are_answered(sign_in: SignIn, case: Dispute) -> None:
    agent = sign_in("agent")
    for odd in ("", "?first=-1&count=x", f"?first={10**30}&count={10**30}", "?count=99999"):
        assert agent.get(f"/disputes/{case.id}/news{odd}", headers=POLL).status_code == 200
    assert agent.get("/disputes/999999/news", headers=POLL).status_code == 404
