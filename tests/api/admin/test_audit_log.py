"""The audit trail over HTTP."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import literal, null, select

from tests.api.conftest import ON_SQLITE, Api, Caller, a_party, an_order
from tests.support.arguments import ByActor
from tests.support.people import SETUP
from webapp import clock
from webapp.domain.actors import Actor, job_actor
from webapp.domain.permissions import ROLES
from webapp.runtime import Runtime
from webapp.services.audit import search_by_role
from webapp.services.audit import trail as audit_trail
from webapp.services.audit import verification as audit_verification
from webapp.services.common import kill_switch
from webapp.services.users import api_tokens, users

MAY_STOP = ROLES["admin"]


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


def test_a_role_finds_what_was_done_in_it_then(place: Runtime, reader: Api) -> None:
    with place.db.transaction() as session:
        person = users.by_email(session, "admin@desk.example")
        assert person is not None
        kill_switch.stop(session, "Fraud.", at=clock.now(), actor=users.actor_of(person))
        users.change_roles(session, person.id, ["agent", "viewer"], at=clock.now(), actor=SETUP)
        kill_switch.resume(
            session, "Clear.", at=clock.now(), actor=replace(users.actor_of(person), permissions=MAY_STOP)
        )

    def done_as(role: str) -> list[str]:
        found = reader.get("/api/v2/audit-log", role=role, actor=f"user:{person.id}").json["data"]
        return [each["action"] for each in found]

    assert done_as("admin") == ["money.stop"]
    assert done_as("agent") == done_as("viewer") == ["money.resume"]
    assert done_as("approver") == []
    [resumed] = reader.get("/api/v2/audit-log", action="money.resume").json["data"]
    assert resumed["role"] == "agent,viewer"
    wrong = reader.get("/api/v2/audit-log", role="king")
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["role"])


def test_a_role_finds_jobs_tokens_and_the_command_line_too(place: Runtime, api: Api, reader: Api, web: Flask) -> None:
    with place.db.transaction() as session:
        person = users.by_email(session, "admin@desk.example")
        assert person is not None
        how: ByActor = {"at": clock.now(), "actor": users.actor_of(person)}
        _, secret = api_tokens.create(session, name="hers", scopes=["parties"], expires_at=None, **how)
        rows = select(literal(7).label("id"), null().label("before"), null().label("after"))
        audit_trail.record_all(session, job_actor("auto_release"), "escrow.release", "escrow", rows, 1, at=clock.now())
    a_party(Api(web.test_client(), secret), "hers")
    a_party(api, "nobody-s")

    def done_as(role: str, action: str) -> int:
        return len(reader.get("/api/v2/audit-log", role=role, action=action).json["data"])

    assert (done_as("job", "escrow.release"), done_as("admin", "escrow.release")) == (1, 0)
    assert (done_as("token", "party.create"), done_as("admin", "party.create")) == (2, 1)
    assert (done_as("cli", "user.create"), done_as("token", "user.create")) == (5, 0)
    with place.db.reading() as session:
        assert audit_verification.verify(session, place.settings.audit_keys).problems == []


def test_every_set_of_roles_is_found_by_each_of_them() -> None:
    for roles in chain.from_iterable(combinations(ROLES, size) for size in range(1, 6)):
        for kind in ("user", "token"):
            kept = Actor(kind, 1, "x", roles=roles).role
            assert len(kept) <= 200
            assert all(kept in search_by_role._with(role) for role in (*roles, *([kind] if kind == "token" else [])))
            assert not any(kept in search_by_role._with(role) for role in ROLES if role not in roles)


def test_pages_follow_each_other(api: Api, reader: Api) -> None:
    an_order(api)
    whole = reader.get("/api/v2/audit-log", limit=200).json["data"]
    seen: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
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


@ON_SQLITE
@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2030-01-01T00:00:00", "since=2030-01-01T00:00:00Z", "entity=%00"]
)
def test_a_query_that_cannot_be_is_named(reader: Api, query: str) -> None:
    answer = reader.get(f"/api/v2/audit-log?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])
