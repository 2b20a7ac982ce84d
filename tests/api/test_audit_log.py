"""The audit trail over HTTP."""

from datetime import timedelta

import pytest

from tests.api.conftest import Api, Caller, an_order
from tests.support.market import DIVINE
from webapp import clock
from webapp.runtime import Runtime
from webapp.services import stop, users


@pytest.fixture
def reader(caller: Caller) -> Api:
    return caller("audit")


def test_records_are_found_by_who_what_and_when(api: Api, reader: Api) -> None:
    order = an_order(api)
    everything = reader.get("/api/v2/audit-log", limit=200).json["data"]
    assert [each["id"] for each in everything] == sorted((each["id"] for each in everything), reverse=True)
    [made] = reader.get("/api/v2/audit-log", action="order.create").json["data"]
    assert made["entity"] == {"kind": "order", "id": order["id"]}
    assert made["after"]["amount"] == 50_000
    assert made["before"] is None
    assert made["at"].endswith("Z")
    mine = reader.get("/api/v2/audit-log", actor=made["actor"], limit=200).json["data"]
    assert {each["actor"] for each in mine} == {made["actor"]}
    assert made in reader.get("/api/v2/audit-log", entity="order", entity_id=order["id"]).json["data"]
    assert reader.get("/api/v2/audit-log", entity="order", entity_id=order["id"] + 1).json["data"] == []
    tomorrow, yesterday = (clock.iso(clock.now() + timedelta(days=days)) for days in (1, -1))
    assert reader.get("/api/v2/audit-log", **{"from": yesterday, "to": tomorrow}, limit=200).json["data"] == everything
    assert reader.get("/api/v2/audit-log", **{"from": tomorrow}).json["data"] == []
    assert reader.get("/api/v2/audit-log", to=yesterday).json["data"] == []


def test_a_role_finds_what_its_people_did(place: Runtime, reader: Api) -> None:
    with place.db.transaction() as session:
        found = users.by_email(session, "admin@desk.example")
        assert found is not None
        stop.stop(session, "Fraud.", at=clock.now(), actor=users.actor_of(found))
        stop.resume(session, "Clear.", at=clock.now(), actor=DIVINE)
    for query in ({"role": "admin"}, {"actor": "admin@desk.example"}):
        assert {each["actor"] for each in reader.get("/api/v2/audit-log", **query).json["data"]} == {f"user:{found.id}"}
    assert reader.get("/api/v2/audit-log", role="viewer", action="settings.stop").json["data"] == []
    wrong = reader.get("/api/v2/audit-log", role="king")
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["role"])


def test_pages_follow_each_other(api: Api, reader: Api) -> None:
    an_order(api)
    whole = reader.get("/api/v2/audit-log", limit=200).json["data"]
    seen, cursor = [], {}
    while True:
        page = reader.get("/api/v2/audit-log", limit=3, **cursor).json
        seen += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole


def test_it_needs_a_token_and_its_scope(caller: Caller) -> None:
    assert caller().get("/api/v2/audit-log").status_code == 401
    assert caller("orders").get("/api/v2/audit-log").status_code == 403


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2030-01-01T00:00:00", "since=2030-01-01T00:00:00Z", "entity=%00"]
)
def test_a_query_that_cannot_be_is_named(reader: Api, query: str) -> None:
    answer = reader.get(f"/api/v2/audit-log?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])
