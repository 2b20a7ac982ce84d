"""The Alerts page: each subject leads to its page, and is found by any part of it, by an index."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from tests.support.market import Market
from tests.support.money_scenes import Scene
from tests.support.outbox import payout_of
from webapp import clock
from webapp.admin.monitoring import alert_links
from webapp.app import create_app
from webapp.domain.alert_definitions import (
    BOOKS_DIFFER,
    CHARGEBACK,
    FACTS,
    PAYMENT_TAKEN_BACK,
    PAYOUT_CONTRADICTED,
    PAYOUT_FAILED,
    REFUND_FAILED,
)
from webapp.models import Alert, Chargeback, Escrow, Payment, PayoutSchedule, Refund
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts import registry as alert_registry
from webapp.services.monitoring import alert_subjects

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def paid(desk: Runtime) -> Payment:
    """A payment with a refund that failed, a chargeback 587, and more alerts of other things beside them."""
    with desk.db.transaction() as session:
        scene = Scene(session, desk).refund(by_card=True)
        payment = session.get_one(Payment, scene.payment)
        refund = session.scalars(select(Refund.id)).one()
        bank = {"provider": "paystack", "number": "587", "status": "open", "amount": 4_000, "currency": "NGN"}
        session.add(Chargeback(**bank, payment_id=payment.id, created_at=clock.now()))
        for fact, subject in (
            (REFUND_FAILED, f"refund {refund}"),
            (CHARGEBACK, "paystack 587"),
            (CHARGEBACK, "paystack 5870"),
            (PAYMENT_TAKEN_BACK, f"payment {payment.id}"),
            (PAYOUT_FAILED, "payout schedule 587-b"),
            (BOOKS_DIFFER, "paystack"),
        ):
            alerts.fire(session, fact, subject, "Something happened.", clock.now())
        session.expunge(payment)
    return payment


def plan_of(session: Session, party_id: int) -> PayoutSchedule:
    """A payout that was planned."""
    now = clock.now()
    planned = {"currency": "NGN", "amount": 5_000, "due_at": now, "status": "pending"}
    plan = PayoutSchedule(ref="plan-1", party_id=party_id, created_at=now, created_by="x", **planned)
    session.add(plan)
    session.flush()
    return plan


def found(desk: Runtime, words: str) -> set[str]:
    with desk.db.reading() as session:
        return set(session.scalars(select(Alert.subject).where(alert_subjects.matching(words))))


def test_an_alert_is_found_by_each_part_of_what_it_is_about(desk: Runtime, paid: Payment) -> None:
    assert found(desk, "587") == found(desk, "paystack 587") == {"paystack 587"}
    assert found(desk, "paystack") == {"paystack", "paystack 587", "paystack 5870"}
    assert found(desk, "587-b") == found(desk, "payout") == {"payout schedule 587-b"}
    assert found(desk, paid.reference or "") == {f"payment {paid.id}", f"refund {1}", "paystack 587"}
    assert found(desk, "58") == found(desk, "nothing") == set()


def test_alerts_are_found_without_reading_all(desk: Runtime) -> None:
    asked = select(Alert.id).where(alert_subjects.matching("587"))
    compiled = str(asked.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with desk.db.reading() as session:
        if session.get_bind().dialect.name != "sqlite":
            pytest.skip("The plan is SQLite's.")
        plan = [row[3] for row in session.execute(text("EXPLAIN QUERY PLAN " + compiled.replace(":", "\\:")))]
    assert [step for step in plan if "SCAN alert" in step] == []
    assert sum("ix_alert_subject" in step for step in plan) >= 4


def test_each_subject_is_a_link_to_its_page(desk: Runtime, paid: Payment, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.get("/alerts/").text
    own = f'<a href="/payments/{paid.id}">'
    for subject in ("refund 1", "paystack 587", f"payment {paid.id}"):
        assert f"{own}{subject}</a>" in page
    assert '<a href="/search/?q=587-b">payout schedule 587-b</a>' in page
    assert "paystack 5870" in page
    assert "paystack 5870</a>" not in page, "nothing here is about that one"
    assert client.get(f"/payments/{paid.id}").status_code == 200


def test_a_payout_its_plan_and_a_dispute_lead_to_their_own_pages(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        dispute = Market(session, desk).dispute()
        seller = session.get_one(Escrow, dispute.escrow_id).seller_id
        payout, plan = payout_of(session, seller, clock.now()), plan_of(session, seller)
        homes = {
            (PAYOUT_FAILED, f"payout {payout.ref}"): f"/payouts/{payout.id}",
            (PAYOUT_CONTRADICTED, f"payout {payout.ref}"): f"/payouts/{payout.id}",
            (PAYOUT_FAILED, f"payout schedule {plan.ref}"): f"/payout-schedules/{plan.id}",
        }
        for fact, subject in homes:
            alerts.fire(session, fact, subject, "Something happened.", clock.now())
        alerts.sync(session, "payout_unpaid", "page", {plan.ref: alerts.AlertFinding("Unpaid.")}, clock.now())
        alerts.sync(session, "dispute_past_due", "warn", {dispute.ref: alerts.AlertFinding("Late.")}, clock.now())
        links = {subject: home for (_, subject), home in homes.items()}
        links |= {plan.ref: f"/payout-schedules/{plan.id}", dispute.ref: f"/disputes/{dispute.id}"}
    client = sign_in("viewer")
    page = client.get("/alerts/").text
    for subject, home in links.items():
        assert f'<a href="{home}">{subject}</a>' in page
        assert client.get(home).status_code == 200
    assert "/search/?q=" not in page.split("<table")[1]


def test_an_alert_has_a_page_that_says_all_of_it(desk: Runtime, paid: Payment, sign_in: SignIn) -> None:
    with desk.db.reading() as session:
        number = session.scalars(select(Alert.id).where(Alert.rule == "refund_failed")).one()
    client = sign_in("operator")
    page = client.get(f"/alerts/{number}").text
    for said in ("Something happened.", FACTS["refund_failed"].what, f'<a href="/payments/{paid.id}">refund 1</a>'):
        assert said in page
    assert f"/alerts/{number}/resolve" in page
    assert f'<a href="/alerts/{number}">refund failed</a>' in client.get("/alerts/").text
    assert client.get("/alerts/999").status_code == 404
    assert "Only these roles may do this" in sign_in("viewer").get(f"/alerts/{number}").text


def test_where_nothing_is_resolved_by_hand_the_page_says_why(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        alerts.sync(session, "silent", "page", {"worker": alerts.AlertFinding("No worker.")}, clock.now())
        alerts.fire(session, PAYOUT_FAILED, "payout p-1", "It came back.", clock.now())
    page = sign_in("operator").get("/alerts/").text
    rows = {name: next(row for row in page.split("<tr") if name in row) for name in ("No worker.", "It came back.")}
    why = "Ends by itself with its cause, never by hand."
    assert why in rows["No worker."].replace("&#39;", "'")
    assert "Resolve…" not in rows["No worker."]
    assert why not in rows["It came back."]
    assert "Resolve…" in rows["It came back."]
    assert why not in sign_in("viewer").get("/alerts/").text


@pytest.mark.parametrize("rule", sorted({*FACTS, *alert_registry.rules()}))
def test_every_kind_of_alert_says_where_its_subject_is(desk: Runtime, rule: str) -> None:
    of_payments = {"chargeback", "refund_failed", "refund_needs_person"} | {
        each for each in FACTS if each.startswith("payment_")
    }
    with create_app(desk).test_request_context():
        is_known = rule in of_payments or alert_links.address(rule, "payout 7" if rule.startswith("payout") else "7")
    assert bool(is_known) != (rule == "disk_nearly_full")
