"""From one case to the next: the queue, one's own, and the list that a case was opened from."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.market import Market
from tests.support.people import hidden, send
from webapp import clock
from webapp.models import Audit, Dispute, User
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
DECISION = {"resolution": "refund_to_buyer", "code": "evidence_for_buyer", "reason": "It never came."}


def cases(desk: Runtime, count: int) -> list[int]:
    """Disputes that nobody has, the most urgent first."""
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1_000_000)
        ages = [timedelta(hours=count - number) for number in range(count)]
        markets = [Market(session, desk, at=clock.now() - age) for age in ages]
        return [market.dispute(market.escrow()).id for market in markets]


def decide(client: FlaskClient, dispute_id: int, *, then: str, came_from: str = "") -> Any:
    """Preview the decision and carry it out."""
    address = f"/disputes/{dispute_id}/decision{came_from}"
    preview = send(client, address, page=f"/disputes/{dispute_id}{came_from}", **DECISION)
    assert "Balance after" in preview.text
    return client.post(address, data=hidden(preview.text, address.replace("&", "&amp;")) | {"then": then})


def give_to(desk: Runtime, ids: list[int], role: str) -> None:
    with desk.db.transaction() as session:
        person = select(User.id).where(User.email == f"{role}@desk.example").scalar_subquery()
        session.execute(update(Dispute).where(Dispute.id.in_(ids)).values(assignee_id=person))


def test_the_next_case_goes_to_who_asks_first(desk: Runtime, sign_in: SignIn) -> None:
    first, second = cases(desk, 2)
    agent, approver = sign_in("agent"), sign_in("approver")
    assert send(agent, "/disputes/take-next").location.endswith(f"/disputes/{first}")
    assert send(approver, "/disputes/take-next").location.endswith(f"/disputes/{second}")
    nothing = send(agent, "/disputes/take-next")
    assert "No case waits" in agent.get(nothing.location).text
    with desk.db.reading() as session:
        taken = session.execute(select(Audit.actor_name, Audit.subject_id).where(Audit.action == "dispute.take")).all()
    assert [tuple(row) for row in taken] == [("The agent", first), ("The approver", second)]


def test_a_button_that_is_pressed_twice_hands_out_one_case(desk: Runtime, sign_in: SignIn) -> None:
    cases(desk, 2)
    agent = sign_in("agent")
    form = hidden(agent.get("/disputes").text, "/disputes/take-next")
    assert form["submission"]
    for _ in range(2):
        assert agent.post("/disputes/take-next", data=form).status_code == 303
    with desk.db.reading() as session:
        assert session.scalars(select(Dispute.id).where(Dispute.assignee_id.is_not(None))).one()


def test_only_cases_that_wait_for_a_decision_are_handed_out(desk: Runtime, sign_in: SignIn) -> None:
    asked, proposed, closed, open_one = cases(desk, 4)
    states = {asked: "needs_response", proposed: "pending_approval", closed: "withdrawn"}
    with desk.db.transaction() as session:
        for dispute_id, status in states.items():
            session.execute(update(Dispute).where(Dispute.id == dispute_id).values(status=status))
    assert send(sign_in("agent"), "/disputes/take-next").location.endswith(f"/disputes/{open_one}")


def test_who_may_not_decide_is_offered_and_given_nothing(desk: Runtime, sign_in: SignIn) -> None:
    cases(desk, 1)
    for role in ("viewer", "operator"):
        client = sign_in(role)
        assert "take-next" not in client.get("/disputes").text
        assert client.get("/disputes/take-next").status_code == 403


def test_a_decision_goes_on_to_the_next_of_ones_own_and_then_to_the_queue(desk: Runtime, sign_in: SignIn) -> None:
    queued, *mine, last = cases(desk, 4)
    give_to(desk, mine, "agent")
    agent = sign_in("agent")
    assert decide(agent, mine[0], then="next").location.endswith(f"/disputes/{mine[1]}")
    from_queue = decide(agent, mine[1], then="next")
    assert from_queue.location.endswith(f"/disputes/{queued}")
    assert f"{queued}</h1>" in agent.get(from_queue.location).text or "is yours" in agent.get("/disputes").text
    assert decide(agent, queued, then="next").location.endswith(f"/disputes/{last}")
    assert "No case waits" in agent.get(decide(agent, last, then="next").location).text


def test_a_decision_stays_at_its_case_which_links_to_the_next(desk: Runtime, sign_in: SignIn) -> None:
    first, second = cases(desk, 2)
    agent = sign_in("agent")
    back = decide(agent, first, then="")
    assert back.location.endswith(f"/disputes/{first}")
    assert f'href="/disputes/{first}/next"' in agent.get(back.location).text
    assert agent.get(f"/disputes/{first}/next").location.endswith("/disputes/take-next")
    give_to(desk, [second], "agent")
    assert agent.get(f"/disputes/{first}/next").location.endswith(f"/disputes/{second}")


def listed(client: FlaskClient, address: str) -> list[str]:
    """The addresses of the cases of a list, in its order."""
    rows = re.findall(r'href="(/disputes/\d+\?list=[^"]+)"', client.get(address).text)
    return list(dict.fromkeys(row.replace("&amp;", "&") for row in rows))


def beside(client: FlaskClient, address: str, rel: str) -> str | None:
    found = re.search(rf'href="([^"]+)"\s+rel="{rel}"', client.get(address).text)
    return found and found[1].replace("&amp;", "&")


def test_one_walks_through_the_list_that_a_case_was_opened_from(desk: Runtime, sign_in: SignIn) -> None:
    made = cases(desk, 4)
    give_to(desk, made[1:], "agent")
    agent = sign_in("agent")
    for address in ("/disputes?tab=mine", "/disputes?tab=mine&sort=-due_at", "/disputes?tab=all&sort=opened_at"):
        rows = listed(agent, address)
        assert len(rows) == (4 if "all" in address else 3)
        walked = [rows[0]]
        while (after := beside(agent, walked[-1], "next")) is not None:
            walked.append(after)
        assert walked == rows
        back = [walked[-1]]
        while (before := beside(agent, back[-1], "prev")) is not None:
            back.append(before)
        assert back == rows[::-1]


def test_the_place_in_the_list_and_the_way_back_survive_the_decision(desk: Runtime, sign_in: SignIn) -> None:
    cases(desk, 3)
    agent = sign_in("agent")
    first, second, third = listed(agent, "/disputes?tab=decide&currency=NGN")
    path, came_from = second.split("?", 1)
    after = decide(agent, int(path.rsplit("/", 1)[1]), then="", came_from=f"?{came_from}")
    assert after.location == second
    assert beside(agent, after.location, "prev") == first
    assert beside(agent, after.location, "next") == third
    assert 'href="/disputes/?tab=decide&amp;currency=NGN"' in agent.get(after.location).text


def test_a_list_that_is_none_of_ours_is_left_aside(desk: Runtime, sign_in: SignIn) -> None:
    (one,) = cases(desk, 1)
    agent = sign_in("agent")
    for odd in (
        "tab%3Dnone",
        "q%3D%2500",
        "assignee%3Dx",
        "a" * 5_000,
        "currency%3DXXX",
        "%3F",
        "from%3D9%26sort%3D-x",
    ):
        assert agent.get(f"/disputes/{one}?list={odd}").status_code == 200, odd
