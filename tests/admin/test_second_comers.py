"""Two people decide at once: the second reads what the first decided and how it is now, and finds no form."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.market import DIVINE, Market
from tests.support.people import PASSWORD, hidden, send
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.models import Alert, Dispute, Escrow, Payment, User
from webapp.runtime import Runtime
from webapp.services.approvals import approvals
from webapp.services.common import lookup
from webapp.services.escrows import disbursement
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

SignIn = Callable[..., FlaskClient]
SPLIT = {"resolution": "split", "code": "agreement", "buyer_amount": "60.00", "seller_amount": "40.00"}
REFUND = {"resolution": "refund_to_buyer", "code": "agreement"}


@pytest.fixture
def held(desk: Runtime) -> dict[str, int]:
    """One of each thing that is decided on: their numbers."""
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1_000_000)
        dispute = market.dispute(market.escrow(10_000))
        unpaid = market.escrow(10_000, terms="unpaid")
        plan = NewSchedule("plan-1", market.party("worker").id, 4_000, "NGN", due_at=clock.now() + timedelta(days=1))
        found = {"dispute": dispute.id, "escrow": market.escrow(10_000).id, "unpaid": unpaid.id}
        found["plan"] = payout_schedules.create(session, plan, at=clock.now(), actor=DIVINE).id
    evaluate(desk)
    with desk.db.reading() as session:
        found["alert"] = session.scalars(select(Alert.id)).first() or 0
    return found


def race(first: FlaskClient, second: FlaskClient, path: str, wins: dict[str, Any], loses: dict[str, Any]) -> str:
    """Both open the form, the first decides; what the second reads then."""
    form = hidden(second.get(path).text, path)
    assert send(first, path, **wins | {"step": "do"}).status_code == 303
    answer = second.post(path, data=form | loses | {"step": "do"})
    assert answer.status_code == 409, answer.text
    assert f'action="{path}' not in answer.text
    assert "How it is now" in answer.text
    return answer.text.replace("\xa0", " ")


WHY = {"reason": "They agreed on it."}
LATER = {"release_at": "2031-01-01T00:00"}
CASES = {
    "a split before a refund": ("/disputes/{dispute}/decision", SPLIT | WHY, REFUND | WHY, "split of NGN 100.00"),
    "a refund before a split": ("/disputes/{dispute}/decision", REFUND | WHY, SPLIT | WHY, "refund of NGN 100.00"),
    "withdrawn twice": ("/disputes/{dispute}/withdraw", WHY, WHY, "withdrew this dispute"),
    "released twice": ("/escrows/{escrow}/release", WHY, WHY, "They agreed on it."),
    "refunded twice": ("/escrows/{escrow}/refund", WHY, WHY, "They agreed on it."),
    "voided twice": ("/escrows/{unpaid}/void", WHY, WHY, "They agreed on it."),
    "put off twice": ("/escrows/{escrow}/extend", LATER | WHY, LATER | WHY, "They agreed on it."),
    "cancelled twice": ("/payout-schedules/{plan}/cancel", WHY, WHY, "They agreed on it."),
    "acknowledged twice": ("/alerts/{alert}/acknowledge", {}, {}, "acknowledged"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_second_reads_what_the_first_decided(held: dict[str, int], sign_in: SignIn, case: str) -> None:
    path, wins, loses, decision = CASES[case]
    page = race(sign_in("admin"), sign_in("admin"), path.format(**held), wins, loses)
    assert "The admin" in page
    assert decision in page


def test_the_preview_of_the_second_is_no_form_either(held: dict[str, int], sign_in: SignIn) -> None:
    path, agent = f"/disputes/{held['dispute']}/decision", sign_in("agent")
    form = hidden(agent.get(path).text, path)
    assert send(sign_in("admin"), path, **SPLIT, **WHY, step="do").status_code == 303
    answer = agent.post(path, data=form | REFUND | WHY | {"step": "preview"})
    assert answer.status_code == 409
    assert "split of NGN 100.00" in answer.text.replace("\xa0", " ")
    assert f'action="{path}' not in answer.text


MEANWHILE = {
    "released": ("release", "It is released already."),
    "frozen": ("freeze", "It is frozen."),
}


@pytest.mark.parametrize("case", MEANWHILE)
def test_an_escrow_that_changes_after_it_was_looked_at_is_overtaken_too(
    held: dict[str, int], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The first look finds it free; the last, under the lock, does not."""
    wins, sentence = MEANWHILE[case]
    path, admin = f"/escrows/{held['escrow']}/release", sign_in("admin")
    form = hidden(send(admin, path, **WHY).text, path)
    assert send(sign_in("admin"), f"/escrows/{held['escrow']}/{wins}", **WHY, step="do").status_code == 303
    monkeypatch.setattr(lookup, "require_version", lambda *given: None)
    monkeypatch.setattr(disbursement, "require_free", lambda *given: None)
    answer = admin.post(path, data=form | WHY | {"step": "do"})
    assert answer.status_code == 409
    assert sentence in answer.text
    assert "How it is now" in answer.text
    assert f'action="{path}' not in answer.text


@pytest.fixture
def proposed(desk: Runtime, held: dict[str, int], sign_in: SignIn) -> int:
    """A split that the agent proposed."""
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1)
    path = f"/disputes/{held['dispute']}/decision"
    assert send(sign_in("agent"), path, **SPLIT, **WHY, step="do").status_code == 303
    with desk.db.reading() as session:
        return approvals.waiting(session)[0].id


def test_who_decides_while_a_proposal_waits_reads_what_is_proposed(
    held: dict[str, int], desk: Runtime, sign_in: SignIn
) -> None:
    path, admin = f"/disputes/{held['dispute']}/decision", sign_in("admin")
    form = hidden(admin.get(path).text, path)
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1)
    assert send(sign_in("agent"), path, **SPLIT, **WHY, step="do").status_code == 303
    answer = admin.post(path, data=form | REFUND | WHY | {"step": "do"})
    page = answer.text.replace("\xa0", " ")
    assert answer.status_code == 409
    assert "The agent proposed on" in page
    assert "split of NGN 100.00" in page
    assert f'action="{path}' not in page


@pytest.mark.parametrize(("first", "verb"), [("approve", "approved"), ("reject", "rejected")])
def test_the_second_approver_reads_the_first_ones_answer(proposed: int, sign_in: SignIn, first: str, verb: str) -> None:
    path, admin = f"/approvals/{proposed}/approve", sign_in("admin")
    form = hidden(admin.get(path).text, path)
    yes = {"secret": PASSWORD, "reason": "No."}
    assert send(sign_in("approver"), f"/approvals/{proposed}/{first}", **yes).status_code == 303
    answer = admin.post(path, data=form | yes)
    page = answer.text.replace("\xa0", " ")
    assert answer.status_code == 409
    assert f"The approver {verb} on" in page
    assert "split of NGN 100.00" in page
    assert f'action="{path}' not in page


def test_the_second_decision_on_a_payment_reads_the_first(desk: Runtime, held: dict[str, int], sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        order = session.get_one(Escrow, held["unpaid"]).order_id
        row = {
            "provider": "paystack",
            "reference": "p-1",
            "status": "needs_review",
            "amount": 10_000,
            "currency": "NGN",
        }
        payment = Payment(
            order_id=order, created_at=clock.now(), provider_amount=10_000, provider_currency="NGN", **row
        )
        session.add(payment)
        session.flush()
        number = payment.id
    page = race(sign_in("admin"), sign_in("admin"), f"/payments/{number}/accept", WHY, WHY)
    assert "They agreed on it." in page
    assert "The admin" in page


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [("roles", {"roles": ["viewer"]}, 403), ("disable", {"reason": "Left."}, 302)],
    ids=["demoted", "disabled"],
)
@pytest.mark.parametrize("step", ["preview", "do"])
def test_who_loses_the_right_with_the_form_open_decides_nothing(
    desk: Runtime, held: dict[str, int], sign_in: SignIn, path: str, fields: dict[str, Any], status: int, step: str
) -> None:
    decision, agent = f"/disputes/{held['dispute']}/decision", sign_in("agent")
    form = hidden(agent.get(decision).text, decision)
    with desk.db.reading() as session:
        number = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    assert send(sign_in("admin"), f"/users/{number}/{path}", **fields).status_code == 303

    answer = agent.post(decision, data=form | REFUND | WHY | {"step": step})

    assert answer.status_code == status
    with desk.db.reading() as session:
        assert session.get_one(Dispute, held["dispute"]).status == "opened"
