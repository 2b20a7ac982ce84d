"""The page of what providers told us."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from tests.support.people import send
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import InboundWebhook
from webapp.providers.webhooks.reader import read
from webapp.runtime import Runtime
from webapp.services.webhooks import inbox

SignIn = Callable[..., FlaskClient]
RAW = b'{"event":"charge.success","data":{"id":7,"reference":"pay-none","note":"<script>x</script>"}}'


@pytest.fixture
def told(desk: Runtime) -> int:
    register_jobs(desk)
    with desk.db.transaction() as session:
        for _ in range(3):
            inbox.store(session, "paystack", RAW, read("paystack", RAW), at=datetime(2026, 3, 2, tzinfo=UTC))
        inbox.refuse(session, "blnk", "Its signature is wrong.", origin="203.0.113.9", at=clock.now())
    return 1


def test_the_list_shows_what_came_how_often_and_what_was_refused(desk: Runtime, told: int, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.get("/inbound-webhooks/").text
    assert "charge.success" in page
    assert "203.0.113.9" in page
    assert "charge.success" in client.get("/inbound-webhooks/export.csv").text
    one = client.get(f"/inbound-webhooks/{told}").text
    assert "3 times" in one
    assert "<script>x" not in one


def test_an_operator_handles_it_again_and_a_viewer_may_not(desk: Runtime, told: int, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        session.get_one(InboundWebhook, told).status = "ignored"
    assert sign_in("viewer").get(f"/inbound-webhooks/{told}/replay").status_code == 403
    assert send(sign_in("operator"), f"/inbound-webhooks/{told}/replay").status_code == 303
    with desk.db.reading() as session:
        assert session.get_one(InboundWebhook, told).status == "received"
