"""Alerts acknowledged many at once: the marked ones or all that were found, each on record, none twice."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.people import send
from webapp import clock
from webapp.models import Alert, Audit
from webapp.runtime import Runtime
from webapp.services.alerts import alerts

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def fired(desk: Runtime) -> list[int]:
    """30 alerts, of which the last is urgent and the first is resolved."""
    with desk.db.transaction() as session:
        made = [
            Alert(
                rule="job_late",
                subject=f"job {number}",
                sentence="It is late.",
                severity="page" if number == 29 else "warn",
                status="resolved" if number == 0 else "firing",
                fired_at=clock.now(),
                seen_at=clock.now(),
            )
            for number in range(30)
        ]
        session.add_all(made)
        session.flush()
        return [alert.id for alert in made]


def acknowledged(desk: Runtime) -> set[int]:
    with desk.db.reading() as session:
        return set(session.scalars(select(Alert.id).where(Alert.status == "acknowledged")))


def test_marked_alerts_are_acknowledged_and_each_is_on_record(desk: Runtime, sign_in: SignIn, fired: list[int]) -> None:
    client = sign_in("operator")
    assert f'name="ids" value="{fired[5]}"' in " ".join(client.get("/alerts/").text.split())
    where = f"/alerts/acknowledge?ids={fired[1]}&ids={fired[2]}&ids={fired[0]}"
    assert "Acknowledge 3 alerts" in client.get(where).text
    answer = send(client, where)
    assert "You have acknowledged 2 alerts." in client.get(answer.location).text
    assert acknowledged(desk) == {fired[1], fired[2]}
    with desk.db.reading() as session:
        records = session.scalars(select(Audit.subject_id).where(Audit.action == "alert.acknowledge")).all()
    assert sorted(records) == [fired[1], fired[2]]
    assert "None of these is firing any more." in send(client, where).text
    assert sign_in("agent").get(where).status_code == 403


def test_all_that_were_found_are_those_of_the_filter(
    desk: Runtime, sign_in: SignIn, fired: list[int], monkeypatch: Any
) -> None:
    client = sign_in("operator")
    send(client, "/alerts/acknowledge?tab=all&severity=warn&all=1")
    assert acknowledged(desk) == set(fired[1:-1])
    assert "No firing alert is marked." in client.get("/alerts/acknowledge?tab=acknowledged&all=1").text
    with desk.db.transaction() as session:
        session.execute(update(Alert).values(status="firing"))
    monkeypatch.setattr(alerts, "MOST_AT_ONCE", 10)
    assert "the first 10 in the list" in client.get("/alerts/acknowledge?all=1").text
    send(client, "/alerts/acknowledge?all=1")
    assert acknowledged(desk) == set(fired[-10:])
