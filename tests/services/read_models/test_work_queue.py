"""What waits for one person: only what they may do something about, the most urgent of all kinds first."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from tests.support.market import AMINA, BOSCO, CHIKA, DIVINE, Market, person
from tests.support.people import PASSWORD, SETUP
from webapp import clock
from webapp.domain.actors import Actor
from webapp.models import Alert, Approval, Dispute
from webapp.runtime import Runtime
from webapp.services.approvals import approvals
from webapp.services.disputes import queues
from webapp.services.disputes.executors import ResolveDispute
from webapp.services.read_models import work_counts, work_queue
from webapp.services.users import users

NOW = clock.now()
OPERATOR = person(5, "Olu", "operator")


def staffed(market: Market) -> Market:
    """Amina and Bosco are users: disputes can be theirs."""
    for name in ("amina", "bosco"):
        how: dict[str, Any] = {"roles": ["agent"], "password": PASSWORD, "at": NOW, "actor": SETUP}
        users.create(market.session, email=f"{name}@desk.example", name=name, **how)
    return market


def alert(market: Market, severity: str, since: timedelta) -> int:
    """An alert that fires."""
    row = Alert(rule=severity, subject="a", severity=severity, status="firing", sentence="Something.", causes=[])
    row.fired_at = row.seen_at = NOW - since
    market.session.add(row)
    market.session.flush()
    return row.id


def dispute(market: Market, due: timedelta, **more: Any) -> int:
    """An open dispute with this deadline."""
    made = market.dispute().id
    market.session.execute(update(Dispute).where(Dispute.id == made).values(due_at=NOW + due, **more))
    return made


def proposal(market: Market, by: Actor, lapses: timedelta = timedelta(hours=5)) -> int:
    """A decision that takes two."""
    payload = ResolveDispute(resolution="refund_to_buyer", code="agreement", reason="Right.")
    how: dict[str, Any] = {"at": NOW, "actor": by, "settings": market.runtime.settings}
    made = approvals.decide(market.session, "dispute.resolve", market.dispute().id, payload, **how).approval
    assert made is not None
    market.session.execute(update(Approval).where(Approval.id == made.id).values(expires_at=NOW + lapses))
    return made.id


def shown(market: Market, actor: Actor) -> list[tuple[str, int]]:
    """What the Overview lists for this actor."""
    kinds = work_counts.kinds(actor)
    return [(each.kind, each.row.id) for each in work_queue.most_urgent(market.session, actor, NOW, kinds)]


def test_the_most_urgent_comes_first_whatever_its_kind(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=NOW)
        market.limit(1)
        late, soon = dispute(market, timedelta(hours=-2)), dispute(market, timedelta(days=2))
        lapsing = proposal(market, BOSCO)
        warning, urgent = alert(market, "warn", timedelta(days=9)), alert(market, "page", timedelta(minutes=1))
        assert shown(market, DIVINE) == [
            ("alerts", urgent),
            ("disputes", late),
            ("approvals", lapsing),
            ("disputes", soon),
            ("alerts", warning),
        ]
        assert shown(market, OPERATOR) == [("alerts", urgent), ("alerts", warning)]


def test_only_what_the_person_may_do_something_about_waits_for_them(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = staffed(Market(session, runtime, at=NOW))
        market.limit(1)
        own, nobodys = (dispute(market, timedelta(days=1), assignee_id=number) for number in (AMINA.id, None))
        dispute(market, timedelta(days=1), assignee_id=BOSCO.id)
        dispute(market, timedelta(hours=1), assignee_id=AMINA.id, status="needs_response")
        mine = proposal(market, CHIKA)
        proposal(market, AMINA, lapses=timedelta(seconds=-1))
        others = proposal(market, AMINA)
        assert set(shown(market, AMINA)) == {("disputes", own), ("disputes", nobodys)}
        waiting = {number for kind, number in shown(market, CHIKA) if kind == "approvals"}
        assert waiting == {others}, "neither one's own nor one whose time is over"
        assert {number for kind, number in shown(market, DIVINE) if kind == "approvals"} == {mine, others}


def test_menu_overview_and_the_tab_of_the_list_tell_the_same(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = staffed(Market(session, runtime, at=NOW))
        for assignee in (AMINA.id, BOSCO.id, None):
            dispute(market, timedelta(days=1), assignee_id=assignee)
        found = session.scalars(select(Dispute.id).where(*queues.conditions("for_me", AMINA.id, NOW))).all()
        assert len(found) == work_counts.counts(session, AMINA, NOW)["disputes"] == len(shown(market, AMINA)) == 2
        assert queues.counts(session, AMINA.id, NOW)["for_me"] == "2"
