"""A token never has more than its owner has now, and who makes one is asked for the password again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.market import AMINA, Market
from tests.support.people import PASSWORD, SETUP, hidden, send
from webapp import clock
from webapp.errors import Conflict, NotAllowed
from webapp.models import ApiToken, Approval, Audit, Role, User
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.common import authorization
from webapp.services.payouts import destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.users import api_tokens, users

SignIn = Callable[..., FlaskClient]


def test_no_token_makes_one_that_may_do_more_than_itself(desk: Runtime, app: Flask) -> None:
    secret = made(desk, "tokens", "read")
    refused = ask(app, secret, "post", "/api/v1/tokens", name="strong", scopes=["payouts"])
    assert refused.status_code == 422
    assert "it allows more than you may do" in refused.json["detail"]
    assert ask(app, secret, "post", "/api/v1/tokens", name="weak", scopes=["read"]).status_code == 201
    assert names(desk) == ["test", "weak"]


def test_a_disabled_person_s_tokens_end_and_so_do_those_made_with_them(desk: Runtime, app: Flask) -> None:
    secret = made(desk, "tokens", "read", by="admin")
    child = ask(app, secret, "post", "/api/v1/tokens", name="child", scopes=["read"]).json["token"]
    change(desk, lambda session, at: users.disable(session, number(desk, "admin"), at=at, actor=SETUP))
    for ended in (secret, child):
        assert ask(app, ended, "get", "/api/v1/parties").status_code == 401
    assert ask(app, secret, "post", "/api/v1/tokens", name="late", scopes=["read"]).status_code == 401
    change(desk, lambda session, at: users.enable(session, number(desk, "admin"), at=at, actor=SETUP))
    assert ask(app, secret, "get", "/api/v1/parties").status_code == 401
    with desk.db.reading() as session:
        reasons = session.scalars(select(Audit.reason).where(Audit.action == "token.revoke")).all()
    assert reasons == ["The admin may do less now."] * 2


def test_whoever_is_demoted_keeps_only_tokens_that_do_no_more_than_they_may(desk: Runtime, app: Flask) -> None:
    reads, writes = made(desk, "read", by="admin"), made(desk, "parties", by="admin", name="writes")
    change(desk, lambda session, at: users.change_roles(session, number(desk, "admin"), ["agent"], at=at, actor=SETUP))
    assert ask(app, reads, "get", "/api/v1/parties").status_code == 200
    assert ask(app, writes, "get", "/api/v1/parties").status_code == 401


def test_a_token_is_held_to_its_owner_whatever_way_the_roles_were_taken(desk: Runtime, app: Flask) -> None:
    secret = made(desk, "parties", "read", by="admin")

    def demote(session: Any, at: Any) -> None:
        person = session.get_one(User, number(desk, "admin"))
        person.roles = list(session.scalars(select(Role).where(Role.name == "viewer")))

    change(desk, demote)
    assert ask(app, secret, "get", "/api/v1/parties").status_code == 200
    assert ask(app, secret, "post", "/api/v1/parties", ref="p", name="P").status_code == 403


def test_a_token_is_nobody_s_once_its_owner_is_inactive_whatever_way(desk: Runtime, app: Flask) -> None:
    secret = made(desk, "read", by="admin")
    change(desk, lambda session, at: setattr(session.get_one(User, number(desk, "admin")), "active", False))
    assert ask(app, secret, "get", "/api/v1/parties").status_code == 401


def test_nobody_who_is_disabled_may_do_anything() -> None:
    assert authorization.of_person(User(active=False, roles=[Role(name="admin")])) == frozenset()


def test_a_token_lives_no_longer_than_the_one_that_made_it(desk: Runtime, app: Flask) -> None:
    soon = clock.now() + timedelta(hours=1)
    secret = made(desk, "tokens", "read", expires_at=soon)
    given = ask(app, secret, "post", "/api/v1/tokens", name="child", scopes=["tokens", "read"])
    assert given.json["expires_at"] == clock.iso(soon)
    again = ask(app, given.json["token"], "post", "/api/v1/tokens", name="grandchild", scopes=["read"])
    change(desk, lambda session, at: api_tokens.revoke(session, 1, at=at, actor=SETUP))
    assert ask(app, again.json["token"], "get", "/api/v1/parties").status_code == 401


def test_a_token_is_nobody_s_after_its_time(desk: Runtime) -> None:
    at = clock.now()
    secret = made(desk, "read", expires_at=at + timedelta(hours=1))
    with desk.db.reading() as session:
        assert api_tokens.find(session, secret, at + timedelta(minutes=59)) is not None
        assert api_tokens.find(session, secret, at + timedelta(hours=1)) is None


def test_an_administrator_neither_disables_nor_demotes_themselves(desk: Runtime) -> None:
    own = number(desk, "admin")
    with desk.db.transaction() as session:
        admin = users.actor_of(session.get_one(User, own))
        with pytest.raises(Conflict, match="can't disable yourself"):
            users.disable(session, own, at=clock.now(), actor=admin)
        with pytest.raises(Conflict, match="role admin from yourself"):
            users.change_roles(session, own, ["agent"], at=clock.now(), actor=admin)
        users.change_roles(session, own, ["admin", "agent"], at=clock.now(), actor=admin)


def test_approving_asks_for_the_password_again(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk)
        market.limit(0)
        escrow = market.escrow()
        how: Any = {"version": escrow.version, "at": clock.now(), "actor": AMINA, "settings": desk.settings}
        proposed = escrow_decisions.release(session, escrow.id, "It came.", **how).approval
        assert proposed is not None
    client, path = sign_in("admin"), f"/approvals/{proposed.id}/approve"
    filled = hidden(client.get(path).text, path)
    assert client.post(path, data=filled | {"secret": "not it at all"}).status_code == 422
    with desk.db.reading() as session:
        assert session.get_one(Approval, proposed.id).status == "proposed"
    assert client.post(path, data=filled | {"secret": PASSWORD}).status_code == 303


def test_a_token_that_ends_makes_no_other(desk: Runtime) -> None:
    made(desk, "tokens", "read")
    with desk.db.transaction() as session:
        actor = api_tokens.actor_of(api_tokens.get(session, 1))
        api_tokens.revoke(session, 1, at=clock.now(), actor=SETUP)
        with pytest.raises(NotAllowed, match="has ended"):
            api_tokens.create(session, name="late", scopes=["read"], expires_at=None, at=clock.now(), actor=actor)


def test_the_pages_show_the_tokens_that_end(desk: Runtime, sign_in: SignIn) -> None:
    made(desk, "parties", by="admin", name="shop back end")
    with desk.db.transaction() as session:
        users.create(
            session,
            email="second@desk.example",
            name="Second",
            roles=["admin"],
            password=PASSWORD,
            at=clock.now(),
            actor=SETUP,
        )
    client, path = sign_in("second"), f"/users/{number(desk, 'admin')}"
    for page in (path, f"{path}/roles", f"{path}/disable"):
        assert "shop back end" in client.get(page).text
    fields = hidden(client.get(f"{path}/disable").text, f"{path}/disable") | {"reason": "Left."}
    told = client.post(f"{path}/disable", data=fields, follow_redirects=True)
    assert "Ended API tokens: shop back end." in told.text


FILLED: dict[str, tuple[str, dict[str, str]]] = {
    "tokens.add": ("/tokens/add", {"name": "cron", "scopes": "read", "days": "30"}),
    "users.add": ("/users/add", {"name": "Eve", "email": "eve@desk.example", "roles": "admin"}),
    "users.roles": ("/users/2/roles", {"roles": "admin"}),
    "users.enable": ("/users/2/enable", {}),
    "users.reset": ("/users/2/reset", {}),
    "settings.limits": ("/settings/limits", {"currency": "NGN", "limit": "1000000"}),
    "parties.payout_destination": (
        "/parties/1/payout-destination",
        {
            "currency": "NGN",
            "kind": "nuban",
            "bank_code": "058",
            "account_number": "0123456789",
            "account_name": "Eve",
        },
    ),
    "parties.approve_destination": ("/parties/1/payout-destination/1/approve", {}),
}
"""What gives somebody more than they had, or money another way."""


@pytest.mark.parametrize("endpoint", FILLED)
def test_what_gives_power_asks_for_the_password_again(endpoint: str, desk: Runtime, sign_in: SignIn) -> None:
    change(desk, lambda session, at: payee(session, desk))
    client, (path, fields) = sign_in("admin"), FILLED[endpoint]
    before = trail(desk)
    shown = client.get(path).text
    filled = hidden(shown, path) | fields
    for wrong in ({}, {"secret": "not it at all"}):
        answer = client.post(path, data=filled | wrong)
        assert answer.status_code == 422, answer.text
    assert trail(desk) == before
    assert client.post(path, data=filled | {"secret": PASSWORD}).status_code in (200, 303)
    assert trail(desk) != before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/v1/tokens", {"name": "cron", "scopes": ["read"]}),
        ("put", "/api/v1/parties/1/payout-destination", FILLED["parties.payout_destination"][1]),
    ],
)
def test_the_api_asks_a_person_again_and_no_token(
    method: str, path: str, body: dict[str, Any], desk: Runtime, app: Flask, sign_in: SignIn
) -> None:
    change(desk, lambda session, at: Market(session, desk).party("payee"))
    client = sign_in("admin")
    csrf = hidden(client.get("/profile").text)["csrf_token"]

    def send(**more: Any) -> Any:
        return client.open(path, method=method.upper(), json=body | more, headers={"X-CSRFToken": csrf})

    assert [send().status_code, send(password="not it at all").status_code] == [422, 422]
    assert send(password=PASSWORD).status_code in (200, 201)
    assert ask(app, made(desk, "tokens", "read", "parties"), method, path, **body).status_code in (200, 201)


def test_the_api_takes_a_password_with_the_blanks_that_belong_to_it(desk: Runtime, app: Flask) -> None:
    spaced = "  seven quiet herons  "
    with desk.db.transaction() as session:
        users.create(
            session,
            email="spaced@desk.example",
            name="Spaced",
            roles=["admin"],
            password=spaced,
            at=clock.now(),
            actor=SETUP,
        )
    client = app.test_client()
    assert send(client, "/sign-in", email="spaced@desk.example", password=spaced).status_code == 303
    headers = {"X-CSRFToken": hidden(client.get("/profile").text)["csrf_token"]}
    body = {"name": "cron", "scopes": ["read"]}
    trimmed = client.post("/api/v1/tokens", json=body | {"password": spaced.strip()}, headers=headers)
    typed = client.post("/api/v1/tokens", json=body | {"password": spaced}, headers=headers)
    assert (trimmed.status_code, typed.status_code) == (422, 201)
    unknown = client.post("/api/v1/approvals/1/approve", json={"password": spaced}, headers=headers)
    assert unknown.status_code == 404, "the password was taken"


def made(desk: Runtime, *scopes: str, by: str | None = None, name: str = "test", expires_at: Any = None) -> str:
    """A token made at the command line, or by a person."""
    with desk.db.transaction() as session:
        actor = users.actor_of(session.get_one(User, number(desk, by))) if by else SETUP
        at = clock.now()
        return api_tokens.create(session, name=name, scopes=scopes, expires_at=expires_at, at=at, actor=actor)[1]


def payee(session: Any, desk: Runtime) -> None:
    """A party whose new account waits."""
    party = Market(session, desk).party("payee")
    to = NewDestination("NGN", "nuban", "058", "0123456780", "Kofi Mensah")
    destinations.put(session, party.id, to, at=clock.now(), actor=SETUP, settings=desk.settings)


def ask(app: Flask, secret: str, method: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}"}
    return app.test_client().open(path, method=method.upper(), headers=headers, json=body or None)


def change(desk: Runtime, action: Callable[[Any, Any], Any]) -> None:
    with desk.db.transaction() as session:
        action(session, clock.now())


def number(desk: Runtime, role: str) -> int:
    with desk.db.reading() as session:
        return session.scalars(select(User.id).where(User.email == f"{role}@desk.example")).one()


def names(desk: Runtime) -> list[str]:
    with desk.db.reading() as session:
        return list(session.scalars(select(ApiToken.name).order_by(ApiToken.id)))


def trail(desk: Runtime) -> list[int]:
    with desk.db.reading() as session:
        return list(session.scalars(select(Audit.id).where(Audit.action != "user.sign_in").order_by(Audit.id)))
