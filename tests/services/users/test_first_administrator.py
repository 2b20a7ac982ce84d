"""The first administrator of an empty desk comes by a link that works once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import NOW
from tests.support.people import PASSWORD, SETUP, send
from webapp import clock
from webapp.app import create_app
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import Audit, OneTimeLink, User
from webapp.runtime import Runtime
from webapp.services.users import first_administrator, users
from webapp.services.users.login_throttle import PER_ADDRESS
from webapp.services.users.one_time_links import Newcomer

AMINA = Newcomer("Amina", "amina@desk.example", PASSWORD)
BASIL = Newcomer("Basil", "basil@desk.example", PASSWORD)
PAGE = "/first-administrator?link="


def printed(runtime: Runtime) -> str:
    with runtime.db.transaction() as session:
        secret = first_administrator.issue(session, at=clock.now(), actor=SETUP)
    assert secret is not None
    return secret


def people(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(User.email).order_by(User.id)))


@pytest.fixture
def stranger(runtime: Runtime) -> FlaskClient:
    """A browser before an empty desk."""
    return create_app(runtime).test_client()


def test_who_opens_it_chooses_a_password_and_is_the_administrator(runtime: Runtime, stranger: FlaskClient) -> None:
    secret = printed(runtime)
    given = {"name": "Amina", "email": "Amina@desk.example", "password": PASSWORD, "again": PASSWORD}
    answer = send(stranger, PAGE + secret, **given)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert stranger.get("/users").status_code == 200
    with runtime.db.reading() as session:
        actions = session.execute(select(Audit.action, Audit.actor).order_by(Audit.id)).all()
        stored = session.scalars(select(OneTimeLink)).one()
    assert [action for action, _actor in actions] == ["user.first_link", "user.create", "user.sign_in"]
    assert actions[1].actor == f"link:{stored.id}"
    assert secret not in repr(vars(stored))
    assert stored.user_id is not None


def test_the_passwords_are_held_to_the_same_rules_and_nothing_is_spent(runtime: Runtime, stranger: FlaskClient) -> None:
    secret = printed(runtime)
    short = send(stranger, PAGE + secret, name="Amina", email="amina", password="short", again="other")
    assert short.status_code == 422
    assert "The two differ." in short.text
    weak = send(
        stranger, PAGE + secret, name="Amina", email="a@desk.example", password="passwordpass", again="passwordpass"
    )
    assert weak.status_code == 422
    assert "too easy to guess" in weak.text
    assert 'value="a@desk.example"' in weak.text
    assert people(runtime) == []
    with runtime.db.transaction() as session:
        assert first_administrator.accept(session, secret, AMINA, at=clock.now()).email == AMINA.email


def together(runtime: Runtime, deeds: Sequence[Callable[[Session], str]]) -> list[Any]:
    """What each answered, or raised: on SQLite a transaction has the database to itself, so they meet before it."""
    barrier = threading.Barrier(len(deeds))

    def do(deed: Callable[[Session], str]) -> Any:
        barrier.wait(30)
        try:
            with runtime.db.transaction() as session:
                return deed(session)
        except Exception as refused:
            return refused

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def came(secret: str, who: Newcomer) -> Callable[[Session], str]:
    return lambda session: first_administrator.accept(session, secret, who, at=clock.now()).email


def added(email: str) -> Callable[[Session], str]:
    def add(session: Session) -> str:
        users.create(session, email=email, name="Chi", roles=["admin"], password=None, at=clock.now(), actor=SETUP)
        return email

    return add


def forget_everybody(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        for user in session.scalars(select(User)):
            session.delete(user)


def test_of_two_who_open_it_at_once_one_becomes_administrator(runtime: Runtime) -> None:
    for _round in range(10):
        secret = printed(runtime)
        outcomes = together(runtime, [came(secret, AMINA), came(secret, BASIL)])
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, str)] == [Conflict]
        assert people(runtime) == [outcome for outcome in outcomes if isinstance(outcome, str)]
        forget_everybody(runtime)


def test_whoever_is_added_at_the_same_moment_is_alone_or_comes_second(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line and the link: nobody is added between looking whether somebody is there and the commit."""
    asked = first_administrator.is_wanted
    monkeypatch.setattr(first_administrator, "is_wanted", after_a_while(asked))
    for _round in range(10):
        secret = printed(runtime)
        outcomes = together(runtime, [added("chi@desk.example"), came(secret, AMINA)])
        assert outcomes[0] == "chi@desk.example"
        came_first = [AMINA.email] if outcomes[1] == AMINA.email else []
        assert people(runtime) == [*came_first, outcomes[0]]
        forget_everybody(runtime)


def after_a_while(asked: Callable[[Session], bool]) -> Callable[[Session], bool]:
    """The same answer, with time for others to add somebody meanwhile."""

    def ask(session: Session) -> bool:
        found = asked(session)
        time.sleep(0.05)
        return found

    return ask


def test_a_restart_prints_another_and_the_former_is_void(runtime: Runtime, stranger: FlaskClient) -> None:
    former, newest = printed(runtime), printed(runtime)
    answer = stranger.get(PAGE + former)
    assert answer.status_code == 409
    assert "a newer one took its place" in answer.text
    assert stranger.get(PAGE + newest).status_code == 200


def test_it_is_worth_nothing_once_anybody_can_sign_in(runtime: Runtime, stranger: FlaskClient) -> None:
    secret = printed(runtime)
    with runtime.db.transaction() as session:
        users.create(session, email="c@desk.example", name="Chi", roles=["viewer"], password=None, at=NOW, actor=SETUP)
    given = {"name": "Amina", "email": "amina@desk.example", "password": PASSWORD, "again": PASSWORD}
    assert stranger.get(PAGE + secret).status_code == 409
    assert stranger.post(PAGE + secret, data=given).status_code in (400, 409)
    with runtime.db.transaction() as session:
        with pytest.raises(Conflict, match="first administrator already"):
            first_administrator.accept(session, secret, AMINA, at=clock.now())
        assert first_administrator.issue(session, at=clock.now(), actor=SETUP) is None


def test_it_works_for_a_day_and_an_address_that_is_taken_is_no_matter(runtime: Runtime) -> None:
    secret = printed(runtime)
    with runtime.db.transaction() as session:
        with pytest.raises(Conflict, match="too old"):
            first_administrator.accept(session, secret, AMINA, at=clock.now() + timedelta(hours=24))
        with pytest.raises(NotFound):
            first_administrator.accept(session, "another", AMINA, at=clock.now())
        with pytest.raises(Invalid):
            first_administrator.accept(session, secret, Newcomer("A", "no address", PASSWORD), at=clock.now())


def test_whoever_tries_many_links_has_to_wait(runtime: Runtime, stranger: FlaskClient) -> None:
    secret = printed(runtime)
    for number in range(PER_ADDRESS):
        assert stranger.get(f"{PAGE}{number}").status_code == 404
    locked = stranger.get(PAGE + secret)
    assert locked.status_code == 429
    assert "Try again in 15 minutes" in locked.text
