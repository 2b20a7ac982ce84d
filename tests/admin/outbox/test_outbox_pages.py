"""The pages of what goes out: endpoints, deliveries, dead letters, and the end of a silence."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.market import DIVINE
from tests.support.outbox import deliveries, endpoint, happen, spread, states
from tests.support.people import send
from tests.support.read_back import unresolved_alerts
from webapp import clock
from webapp.domain.alert_definitions import ENDPOINT_PAUSED
from webapp.models import Alert, Audit, Delivery, Run, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.notifications import deliveries as notifications_deliveries
from webapp.services.webhooks import endpoints as webhook_endpoints

URL = "https://shop.example/hook"
SignIn = Callable[..., FlaskClient]


def test_an_admin_adds_an_endpoint_and_sees_its_secret_once(desk: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    assert "No endpoint yet" in admin.get("/webhooks/").text
    shown = send(admin, "/webhooks/add", url=URL, description="The shop", events="escrow.*\ndispute.opened")
    assert re.search(r"whsec_[A-Za-z0-9+/=]{44}", shown.text)

    page = admin.get("/webhooks/1").text
    assert "The shop" in page
    assert "dispute.opened, escrow.*" in page
    assert "whsec_" not in page
    assert "The shop" in admin.get("/webhooks/export.csv").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "https://10.0.0.1/", "private address"),
        ("url", "ftp://x", "begins with https"),
        ("url", "https://u:p@shop.example/", "Leave user and password out"),
        ("events", "escrow released!", "names no event"),
        ("description", "", "Say what it is for"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(sign_in: SignIn, field: str, value: str, said: str) -> None:
    fields = {"url": URL, "description": "The shop", "events": "*"} | {field: value}
    answer = send(sign_in("admin"), "/webhooks/add", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_an_endpoint_says_how_it_wants_its_events(desk: Runtime, sign_in: SignIn) -> None:
    made, _ = endpoint(desk, URL)
    admin = sign_in("admin")
    fields = {"url": URL, "description": "The shop", "events": "*", "version": str(made.version)}
    wrong = send(admin, f"/webhooks/{made.id}/change", **fields, batch_size="101")
    assert wrong.status_code == 422
    assert "between 1 and 100" in wrong.text
    pace = {"batch_size": "50", "parallel_calls": "4", "calls_per_minute": "1200"}
    assert send(admin, f"/webhooks/{made.id}/change", **fields, **pace).status_code == 303
    page = admin.get(f"/webhooks/{made.id}").text
    assert "Calls in a minute, at most" in page
    assert "1,200" in page
    with desk.db.reading() as session:
        found = session.get_one(WebhookEndpoint, made.id)
        assert (found.batch_size, found.parallel_calls, found.calls_per_minute) == (50, 4, 1_200)
    assert 'value="1200"' in admin.get(f"/webhooks/{made.id}/change").text


def test_an_endpoint_is_changed_tested_paused_resumed_given_a_new_secret_and_removed(
    desk: Runtime, sign_in: SignIn
) -> None:
    made, secret = endpoint(desk, URL)
    admin = sign_in("admin")
    assert send(admin, f"/webhooks/{made.id}/change", description="Other", events="*", url=URL).status_code == 303
    assert send(admin, f"/webhooks/{made.id}/test").status_code == 303
    assert "webhook.test" in admin.get(f"/webhooks/{made.id}").text
    assert send(admin, f"/webhooks/{made.id}/pause", reason="They move.").status_code == 303
    assert "Paused: The admin: They move." in admin.get(f"/webhooks/{made.id}").text
    assert send(admin, f"/webhooks/{made.id}/resume").status_code == 303
    rolled = send(admin, f"/webhooks/{made.id}/roll", keep="24").text
    assert "whsec_" in rolled
    assert secret not in rolled
    with desk.db.reading() as session:
        until = session.get_one(WebhookEndpoint, made.id).former_secret_until
    assert until is not None
    assert timedelta(hours=23) < until - clock.now() <= timedelta(hours=24)
    assert send(admin, f"/webhooks/{made.id}/remove").status_code == 303

    assert states(desk) == [("webhook.test", "cancelled", 0)]
    with desk.db.reading() as session:
        actions = session.scalars(select(Audit.action).where(Audit.subject_kind == "endpoint").order_by(Audit.id))
        assert [action.removeprefix("webhook.") for action in actions] == [
            "create",
            "change",
            "test",
            "pause",
            "resume",
            "roll-secret",
            "remove",
        ]
        assert session.get_one(WebhookEndpoint, made.id).removed_at is not None


def test_who_may_only_look_sees_no_way_to_change_anything(desk: Runtime, sign_in: SignIn) -> None:
    made, _ = endpoint(desk, URL)
    viewer = sign_in("viewer")
    assert "Remove…" not in viewer.get(f"/webhooks/{made.id}").text
    assert viewer.get(f"/webhooks/{made.id}/remove").status_code == 403
    happen(desk, "a.one")
    spread(desk)
    assert "Send again…" not in viewer.get("/notifications/1").text
    assert viewer.get("/notifications/1/send-again").status_code == 403


def test_a_delivery_is_shown_sent_again_and_cancelled(desk: Runtime, sign_in: SignIn) -> None:
    endpoint(desk, URL)
    happen(desk, "a.one")
    spread(desk)
    operator = sign_in("operator")
    assert "a.one" in operator.get("/notifications/?tab=webhooks").text
    assert "a.one" not in operator.get("/notifications/").text
    assert "&#34;type&#34;" in operator.get("/notifications/1").text

    assert send(operator, "/notifications/1/cancel").status_code == 303
    assert states(desk) == [("a.one", "cancelled", 0)]
    assert send(operator, "/notifications/1/send-again").status_code == 303
    assert states(desk) == [("a.one", "waiting", 0)]


def test_what_is_being_sent_is_left_alone(desk: Runtime, sign_in: SignIn) -> None:
    endpoint(desk, URL)
    happen(desk, "a.one")
    spread(desk)
    with desk.db.transaction() as session:
        session.get_one(Delivery, 1).lease_until = clock.now() + timedelta(minutes=1)
    answer = send(sign_in("operator"), "/notifications/1/cancel")
    assert answer.status_code == 409
    assert "being sent at this moment" in answer.text


def dead(runtime: Runtime, *kinds: str) -> None:
    endpoint(runtime, URL)
    happen(runtime, *kinds)
    spread(runtime)
    with runtime.db.transaction() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.status, delivery.attempts = "dead", 15


def test_dead_letters_that_match_are_sent_again(desk: Runtime, sign_in: SignIn) -> None:
    dead(desk, "a.one", "a.two", "a.one")
    operator = sign_in("operator")
    page = operator.get("/notifications/?tab=dead&kind=a.one").text
    assert "/notifications/send-dead-again?kind=a.one" in page
    assert send(operator, "/notifications/send-dead-again?kind=a.one").status_code == 303
    assert [status for _, status, _ in states(desk)] == ["waiting", "dead", "waiting"]
    with desk.db.reading() as session:
        records = session.scalars(select(Audit.action).where(Audit.subject_kind == "delivery")).all()
    assert records == ["delivery.send-again"] * 2


def test_many_dead_letters_are_sent_again_by_a_run(
    desk: Runtime, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.jobs.processes.bootstrap import register_jobs
    from webapp.jobs.run_job import run_here

    register_jobs(desk)
    dead(desk, *["a.one"] * 5)
    monkeypatch.setattr(notifications_deliveries, "AT_ONCE", 2)
    answer = send(sign_in("operator"), "/notifications/send-dead-again")
    assert "/runs/" in answer.location
    with desk.db.transaction() as session:
        session.get_one(WebhookEndpoint, 1).paused_at = clock.now()
        run_id = session.scalars(select(Run.id)).one()
    assert run_here(desk, run_id).status == "succeeded"
    assert {each.status for each in deliveries(desk)} == {"waiting"}


def test_the_silence_of_an_alert_is_ended(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        alerts.sync(session, "silent", "page", {"worker": AlertFinding("No worker.")}, clock.now())
        alert_id = unresolved_alerts(session)[0].id
        alerts.silence(session, alert_id, clock.now() + timedelta(hours=1), actor=DIVINE, at=clock.now())
    operator = sign_in("operator")
    assert "End silence…" in operator.get("/alerts/").text
    assert send(operator, f"/alerts/{alert_id}/unsilence").status_code == 303
    with desk.db.reading() as session:
        assert session.get_one(Alert, alert_id).silenced_until is None


def test_alerts_lead_to_their_pages(desk: Runtime, sign_in: SignIn) -> None:
    made, _ = endpoint(desk, URL)
    with desk.db.transaction() as session:
        alerts.fire(session, ENDPOINT_PAUSED, str(made.id), "Paused.", clock.now())
        alerts.sync(session, "dead_letters", "warn", {"webhook": AlertFinding("Dead.")}, clock.now())
    page = sign_in("viewer").get("/alerts/").text
    assert f'href="/webhooks/{made.id}"' in page
    assert 'href="/notifications/?tab=dead"' in page


def test_an_address_of_production_begins_with_https(desk: Runtime) -> None:
    from webapp.errors import Invalid

    settings = desk.settings.model_copy(update={"env": "production"})
    new = webhook_endpoints.NewEndpoint("http://shop.example/", "Shop", ["*"])
    with desk.db.transaction() as session, pytest.raises(Invalid):
        webhook_endpoints.create(session, new, at=clock.now(), actor=DIVINE, settings=settings)
