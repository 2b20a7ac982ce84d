"""Alerts over HTTP: the same words and refusals as on the page."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.support.read_back import unresolved_alerts
from webapp import clock
from webapp.domain.alert_definitions import CHARGEBACK, PAYOUT_FAILED
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts.alerts import AlertFinding


@pytest.fixture
def three(place: Runtime) -> list[int]:
    """A failed payout, a chargeback, and a rule that is asked."""
    with place.db.transaction() as session:
        alerts.fire(session, PAYOUT_FAILED, "payout schedule p-7", "It failed.", clock.now())
        alerts.fire(session, CHARGEBACK, "paystack 8", "It is open.", clock.now())
        alerts.sync(session, "silent", "page", {"worker": AlertFinding("No worker.")}, clock.now())
        return sorted(alert.id for alert in unresolved_alerts(session))


def test_alerts_are_listed_by_what_is_asked(caller: Caller, three: list[int]) -> None:
    api = caller("alerts")

    def found(**query: Any) -> list[int]:
        return sorted(row["id"] for row in api.get("/api/v1/alerts", **query).json["data"])

    assert found() == three
    assert found(rule="chargeback") == [three[1]]
    assert found(about="p-7") == found(subject="payout schedule p-7") == found(about=str(three[0])) == [three[0]]
    assert found(status="resolved") == found(severity="warn") == []
    assert found(fired_until=clock.iso(clock.now() - timedelta(days=1))) == []
    first = api.get("/api/v1/alerts", limit="2").json
    rest = api.get("/api/v1/alerts", limit="2", cursor=first["next_cursor"]).json
    assert [row["id"] for row in [*first["data"], *rest["data"]]] == three[::-1]
    assert rest["next_cursor"] is None


def test_an_alert_is_acknowledged_silenced_and_resolved_with_a_reason(caller: Caller, three: list[int]) -> None:
    api = caller("alerts")
    one = f"/api/v1/alerts/{three[0]}"
    taken = api.post(f"{one}/acknowledge").json
    assert (taken["status"], taken["acknowledged_by"] is not None) == ("acknowledged", True)
    assert api.post(f"{one}/acknowledge").status_code == 409
    until = clock.iso(clock.now() + timedelta(hours=2))
    assert api.post(f"{one}/silence", {"until": until}).json["silenced_until"] == until
    assert api.post(f"{one}/unsilence").json["silenced_until"] is None
    assert api.post(f"{one}/resolve", {"reason": " "}).status_code == 422
    over = api.post(f"{one}/resolve", {"reason": "Paid by hand."}).json
    assert (over["status"], over["resolution_reason"]) == ("resolved", "Paid by hand.")
    assert api.get(one).json == over


def test_an_alert_whose_rule_is_asked_is_not_resolved_by_hand(caller: Caller, three: list[int]) -> None:
    assert caller("jobs").post(f"/api/v1/alerts/{three[0]}/acknowledge").status_code == 403
    assert caller("read").post(f"/api/v1/alerts/{three[0]}/resolve", {"reason": "Over."}).status_code == 403
    refused = caller("alerts").post(f"/api/v1/alerts/{three[2]}/resolve", {"reason": "Over."})
    assert (refused.status_code, "resolves by itself" in refused.json["detail"]) == (409, True)
