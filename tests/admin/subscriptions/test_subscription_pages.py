"""The pages of subscriptions and tenants: what each tab asks for, what each action does, and who may."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.job_runs import run_job_now
from tests.support.market import Market
from tests.support.people import hidden, send
from tests.support.subscriptions import (
    events_of,
    letters_of,
    records_of,
    row_of,
    set_to,
    shop,
    subscribed,
    with_mail,
)
from webapp import clock
from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.models import Order, Subscription
from webapp.runtime import Runtime

A_DAY = timedelta(days=1)
SignIn = Callable[[str], FlaskClient]


def having(desk: Runtime, ref: str, days: int, status: str = "active", **more: Any) -> int:
    with desk.db.transaction() as session:
        return subscribed(session, ref, clock.now() + days * A_DAY, status, **more)


def tenant_of(desk: Runtime, key: int) -> int:
    return row_of(desk, key).tenant_id


def in_form(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


@pytest.fixture
def some(desk: Runtime) -> dict[str, int]:
    """One of each kind that a tab asks for."""
    return {
        "soon": having(desk, "soon", 5),
        "running": having(desk, "running", 90),
        "overdue": having(desk, "overdue", -1),
        "grace": having(desk, "grace", -2, "expired"),
        "out": having(desk, "out", -20, "suspended"),
    }


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("", {"Overdue", "Soon"}),
        ("?tab=grace", {"Grace"}),
        ("?tab=suspended", {"Out"}),
        ("?tab=all", {"Overdue", "Soon", "Running", "Grace", "Out"}),
        ("?q=ou", {"Out"}),
        ("?tab=all&mute=1", set()),
    ],
)
def test_a_tab_shows_what_needs_the_same(sign_in: SignIn, some: dict[str, int], tab: str, shown: set[str]) -> None:
    page = sign_in("viewer").get(f"/subscriptions/{tab}").text
    names = {"Soon", "Running", "Overdue", "Grace", "Out"}
    assert {name for name in names if f">{name}</a>" in page} == shown


def test_the_tabs_say_how_many_need_something(sign_in: SignIn, some: dict[str, int]) -> None:
    page = sign_in("viewer").get("/subscriptions/").text
    counts = re.findall(r'>([A-Z][a-z ]+) <span class="count">(\d+)</span>', page)
    assert counts == [("Expiring", "2"), ("In grace", "1"), ("Suspended", "1")]


def test_the_list_goes_into_a_file_with_the_end_of_grace(sign_in: SignIn, desk: Runtime) -> None:
    having(desk, "own", -2, "expired", grace_days=30)
    rows = sign_in("viewer").get("/subscriptions/export.csv?tab=grace").text.splitlines()
    assert len(rows) == 2
    assert f"{clock.now() + 28 * A_DAY:%Y-%m-%d}" in rows[1]


def test_a_subscription_is_shown_with_its_tenant(sign_in: SignIn, some: dict[str, int], desk: Runtime) -> None:
    viewer = sign_in("viewer")
    answer = viewer.get(f"/subscriptions/{some['soon']}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/tenants/{tenant_of(desk, some['soon'])}")
    assert viewer.get("/subscriptions/999").status_code == 404


def test_the_page_of_a_tenant_shows_everything_around_it(sign_in: SignIn, desk: Runtime) -> None:
    key = having(desk, "shop-1", -2, "expired")
    with desk.db.transaction() as session:
        escrow = Market(session, desk).escrow(250_000)
        order = session.get_one(Order, escrow.order_id)
        order.tenant, ref, escrow_id = "shop-1", order.ref, escrow.id
    page = sign_in("viewer").get(f"/tenants/{tenant_of(desk, key)}").text
    assert "The tenant sells on until" in page
    assert f'href="/escrows/{escrow_id}">{ref}</a>' in page
    assert page.count("2,500.00") == 2  # As an order, and as held.
    assert "It was told nothing yet" in page


def test_a_tenant_without_a_subscription_may_be_given_one(sign_in: SignIn, desk: Runtime) -> None:
    with desk.db.transaction() as session:
        tenant_id = shop(session, "shop-1").id
    assert "nothing limits when it may sell" in sign_in("viewer").get(f"/tenants/{tenant_id}").text
    later = in_form(clock.now() + 30 * A_DAY)
    answer = send(sign_in("operator"), f"/tenants/{tenant_id}/subscribe", expire_date=later)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tenants/{tenant_id}")
    with desk.db.reading() as session:
        assert session.scalars(select(Subscription.status)).all() == ["active"]


ACTIONS: dict[str, tuple[dict[str, Any], int | None, str, str]] = {
    "renew": ({}, 90, "active", "renewed"),
    "extend": ({}, 90, "active", "extended"),
    "suspend": ({}, None, "suspended", "suspended"),
    "resume": ({"status": "suspended"}, None, "active", "resumed"),
    "revert": ({"date_before": clock.now() - A_DAY}, None, "expired", "reverted"),
}
"""What it was, in how many days it is to end, what it is then, and the event."""


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_done_with_its_reason_and_leads_back_to_the_tenant(
    sign_in: SignIn, desk: Runtime, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with_mail(desk, monkeypatch)
    was, days, status, event = ACTIONS[name]
    key = having(desk, "shop-1", 30)
    set_to(desk, key, **{"status": "active"} | was)
    fields = {} if days is None else {"expire_date": in_form(clock.now() + days * A_DAY)}
    operator, path = sign_in("operator"), f"/subscriptions/{key}/{name}"
    without = send(operator, path, **fields)
    assert (without.status_code, "Say why, in a sentence." in without.text) == (422, True)
    answer = send(operator, path, reason="It was agreed.", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tenants/{tenant_of(desk, key)}")
    assert (row_of(desk, key).status, events_of(desk, key)) == (status, [f"subscription.{event}"])
    assert len(letters_of(desk, key)) == 1
    assert "It was agreed." in operator.get(answer.headers["Location"]).text


@pytest.mark.parametrize("role", ["viewer", "agent", "approver"])
def test_others_read_and_may_not(sign_in: SignIn, desk: Runtime, role: str) -> None:
    key, client = having(desk, "shop-1", 30), sign_in(role)
    assert {client.get(f"/subscriptions/{key}/{name}").status_code for name in ACTIONS} == {403}
    assert "Only these roles may do this: operator, admin." in client.get(f"/tenants/{tenant_of(desk, key)}").text


def test_what_can_not_be_done_is_explained(sign_in: SignIn, desk: Runtime) -> None:
    key = having(desk, "shop-1", 30)
    page = sign_in("operator").get(f"/tenants/{tenant_of(desk, key)}").text
    assert "It is not suspended." in page
    assert "There is no renewal and no extension to take back." in page


def test_a_date_that_is_not_later_is_told_at_its_field(sign_in: SignIn, desk: Runtime) -> None:
    key, sooner = having(desk, "shop-1", 30), in_form(clock.now() + A_DAY)
    answer = send(sign_in("admin"), f"/subscriptions/{key}/renew", reason="Paid.", expire_date=sooner)
    assert answer.status_code == 422
    assert "Choose a date after the present one, <time" in answer.text, "on the clock of who reads it"
    assert records_of(desk, key) == []


def test_the_second_of_two_people_is_told_who_was_first(sign_in: SignIn, desk: Runtime) -> None:
    key = having(desk, "shop-1", 30)
    operator, path = sign_in("operator"), f"/subscriptions/{key}/suspend"
    form = operator.get(path).text
    assert send(sign_in("admin"), path, reason="Fraud.").status_code == 303
    answer = operator.post(path, data=hidden(form, path) | {"reason": "Fraud."})
    assert answer.status_code == 409
    assert len(records_of(desk, key)) == 1


def test_a_payment_that_does_not_come_is_noted(sign_in: SignIn, desk: Runtime) -> None:
    key = having(desk, "shop-1", -20, "suspended")
    set_to(desk, key, payment_pending_since=clock.now())
    operator = sign_in("operator")
    assert "It was suspended all the same" in operator.get(f"/tenants/{tenant_of(desk, key)}").text
    answer = send(operator, f"/subscriptions/{key}/nothing-pending", reason="The bank refused it.")
    assert answer.status_code == 303
    assert row_of(desk, key).payment_pending_since is None


def test_a_tenant_is_found_everywhere_by_its_reference_and_name(sign_in: SignIn, desk: Runtime) -> None:
    having(desk, "shop-17", 30)
    viewer = sign_in("viewer")
    for words in ("shop-17", "Shop-1"):
        assert "Shop-17" in viewer.get("/search", query_string={"q": words}, follow_redirects=True).text
    assert ">Shop-17</a>" in viewer.get("/tenants/?q=shop-1").text
    assert ">Shop-17</a>" not in viewer.get("/tenants/?none=1").text


def test_a_failed_item_and_an_alert_lead_to_the_tenant(
    sign_in: SignIn, desk: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mail(desk, monkeypatch)
    key = having(desk, "mute", 3, email=None)
    run = run_job_now(desk, "send_payment_reminders")
    wrong = having(desk, "wrong", -20, "suspended")
    set_to(desk, wrong, payment_pending_since=clock.now())
    evaluate(desk)
    operator = sign_in("operator")
    assert f'href="/tenants/{tenant_of(desk, key)}"' in operator.get(f"/runs/{run.id}").text
    assert f'href="/tenants/{tenant_of(desk, wrong)}"' in operator.get("/alerts/").text
