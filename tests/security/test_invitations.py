"""Colleagues come by invitation: a link for one address, which works once."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.people import PASSWORD, send
from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.jobs.steps.outbox.channels import Channels
from webapp.models import Audit, Delivery, OneTimeLink, User
from webapp.runtime import Runtime
from webapp.services.notifications import delivery_queue
from webapp.services.users import invitations, one_time_links, users
from webapp.services.users.one_time_links import Newcomer

SignIn = Callable[..., FlaskClient]
NEW = "kofi@desk.example"
KOFI = Newcomer("Kofi", "", PASSWORD)


def administrator(session: Session) -> Actor:
    return users.actor_of(users.by_email(session, "admin@desk.example") or User())


def invited(runtime: Runtime, email: str = NEW, roles: tuple[str, ...] = ("agent",)) -> tuple[int, str]:
    secret = one_time_links.new_secret()
    with runtime.db.transaction() as session:
        actor = administrator(session)
        link = invitations.invite(session, email=email, roles=roles, secret=secret, at=clock.now(), actor=actor)
    return link.id, secret


def shown_link(page: str) -> str:
    return str(re.findall(r"/invitation\?link=[\w-]+", page)[0])


def test_a_colleague_comes_by_the_link_and_it_works_once(desk: Runtime, sign_in: SignIn, somebody: FlaskClient) -> None:
    admin = sign_in("admin")
    shown = send(admin, "/invitations/add", email="Kofi@desk.example", roles=["agent", "operator"])
    assert shown.status_code == 200
    link = shown_link(shown.text)
    assert link not in admin.get("/invitations/").text
    page = somebody.get(link).text
    assert "The admin invites you, at kofi@desk.example" in page
    answer = send(somebody, link, name="Kofi", password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert somebody.get("/disputes/").status_code == 200
    assert somebody.get("/users/").status_code == 403
    with desk.db.reading() as session:
        came = users.by_email(session, NEW)
        assert came is not None
        assert sorted(role.name for role in came.roles) == ["agent", "operator"]
        records = session.scalars(select(Audit.action).where(Audit.action.startswith("user.")).order_by(Audit.id))
        assert list(records)[-3:] == ["user.invite", "user.create", "user.sign_in"]
        assert link.partition("=")[2] not in repr([vars(row) for row in session.scalars(select(OneTimeLink))])
    assert somebody.get(link).status_code == 409
    assert "accepted" in admin.get("/invitations/").text


def test_the_address_of_an_invitation_is_not_chosen_by_who_has_the_link(desk: Runtime, somebody: FlaskClient) -> None:
    _id, secret = invited(desk)
    link = f"/invitation?link={secret}"
    send(somebody, link, name="Mallory", email="mallory@evil.example", password=PASSWORD, again=PASSWORD, roles="admin")
    with desk.db.reading() as session:
        assert users.by_email(session, "mallory@evil.example") is None
        came = users.by_email(session, NEW)
        assert came is not None
        assert [role.name for role in came.roles] == ["agent"]


def test_a_bad_password_is_told_at_its_field_and_spends_nothing(desk: Runtime, somebody: FlaskClient) -> None:
    _id, secret = invited(desk)
    link = f"/invitation?link={secret}"
    answer = send(somebody, link, name="Kofi", password="kofikofikofi", again="kofikofikofi")
    assert answer.status_code == 422
    assert "too easy to guess" in answer.text
    assert send(somebody, link, name="Kofi", password=PASSWORD, again=PASSWORD).status_code == 303


def test_inviting_again_voids_the_former_link_and_withdrawing_ends_it(desk: Runtime) -> None:
    number, former = invited(desk)
    newest = one_time_links.new_secret()
    with desk.db.transaction() as session:
        actor = administrator(session)
        invitations.renew(session, number, secret=newest, at=clock.now(), actor=actor)
        assert invitations.check(session, newest, clock.now()).email == NEW
        with pytest.raises(Exception, match="not known here"):
            invitations.check(session, former, clock.now())
        invitations.withdraw(session, number, at=clock.now(), actor=actor)
        with pytest.raises(Conflict, match="withdrawn"):
            invitations.accept(session, newest, KOFI, at=clock.now())
        with pytest.raises(Conflict, match="is withdrawn"):
            invitations.renew(session, number, secret=former, at=clock.now(), actor=actor)
    invited(desk)


def test_an_invitation_ends_after_a_week(desk: Runtime) -> None:
    _number, secret = invited(desk)
    with desk.db.transaction() as session, pytest.raises(Conflict, match="too old"):
        invitations.accept(session, secret, KOFI, at=clock.now() + timedelta(days=7))


def test_who_may_let_nobody_in_lets_nobody_in_by_an_older_invitation(desk: Runtime) -> None:
    with desk.db.transaction() as session:
        other = users.create(
            session,
            email="second@desk.example",
            name="Second",
            roles=["admin"],
            password=PASSWORD,
            at=clock.now(),
            actor=administrator(session),
        )
        secrets = [one_time_links.new_secret(), one_time_links.new_secret()]
        for number, secret in enumerate(secrets):
            invitations.invite(
                session,
                email=f"guest{number}@desk.example",
                roles=["admin"],
                secret=secret,
                at=clock.now(),
                actor=users.actor_of(other),
            )
        users.change_roles(session, other.id, ["viewer"], at=clock.now(), actor=administrator(session))
        with pytest.raises(Conflict, match="withdrawn"):
            invitations.accept(session, secrets[0], KOFI, at=clock.now())


@pytest.mark.parametrize(
    ("email", "roles", "field"),
    [("no address", ["agent"], "email"), ("a@desk.example", [], "roles"), ("a@desk.example", ["king"], "roles")],
)
def test_what_can_not_be_invited_is_named(desk: Runtime, email: str, roles: list[str], field: str) -> None:
    with desk.db.transaction() as session:
        with pytest.raises(Invalid) as refused:
            invitations.invite(
                session, email=email, roles=roles, secret="x", at=clock.now(), actor=administrator(session)
            )
        assert list(refused.value.fields) == [field]


def test_nobody_is_invited_twice_nor_who_is_here(desk: Runtime) -> None:
    invited(desk)
    with pytest.raises(Conflict, match="invited already"):
        invited(desk)
    with pytest.raises(Conflict, match="has an account"):
        invited(desk, "agent@desk.example")


def test_only_who_manages_users_invites(desk: Runtime, sign_in: SignIn) -> None:
    assert sign_in("agent").get("/invitations/").status_code == 403
    with desk.db.transaction() as session, pytest.raises(NotAllowed):
        actor = Actor("user", 1, "Agent", ROLES["agent"])
        invitations.invite(session, email=NEW, roles=["agent"], secret="x", at=clock.now(), actor=actor)


def test_where_mail_is_set_the_link_goes_by_letter_and_the_kept_letter_opens_nothing(
    desk: Runtime, sign_in: SignIn, somebody: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.settings, "smtp_url", "smtp://localhost:1")
    answer = send(sign_in("admin"), "/invitations/add", email=NEW, roles=["agent"])
    assert answer.status_code == 303
    with desk.db.transaction() as session:
        letter = session.scalars(select(Delivery).where(Delivery.kind == "staff.invitation")).one()
        kept = letter.body
        (claimed,) = delivery_queue.claim(session, clock.now(), timedelta(minutes=1), 10)
    assert letter.recipient == NEW
    unsent = re.findall(r"/invitation\?unsent=([\w-]+)", kept)[0]
    assert somebody.get(f"/invitation?link={unsent}").status_code == 404
    assert somebody.get(f"/invitation?unsent={unsent}").status_code == 404
    sent = Channels(desk.settings)._sent_body(claimed)
    assert send(somebody, shown_link(sent), name="Kofi", password=PASSWORD, again=PASSWORD).status_code == 303
