"""Signing in and out, and what ends a session."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from tests.support.people import PASSWORD, SETUP, send
from webapp import clock
from webapp.errors import Invalid
from webapp.models import Audit, FailedLogin, User, UserSession
from webapp.runtime import Runtime
from webapp.services.users import passwords, profile, users

SignIn = Callable[..., FlaskClient]


def test_a_person_signs_in_and_lands_where_they_wanted_to_go(somebody: FlaskClient) -> None:
    assert somebody.get("/users").headers["Location"] == "/sign-in?next=/users"
    answer = send(somebody, "/sign-in?next=/users", email="ADMIN@desk.example ", password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/users")
    assert somebody.get("/users").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_elsewhere(somebody: FlaskClient, elsewhere: str) -> None:
    answer = send(somebody, f"/sign-in?next={elsewhere}", email="admin@desk.example", password=PASSWORD)
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_read_the_same(somebody: FlaskClient) -> None:
    wrong = send(somebody, "/sign-in", email="admin@desk.example", password="no such words here")
    unknown = send(somebody, "/sign-in", email="nobody@desk.example", password="no such words here")
    sentence = "The address or the password is wrong."
    assert wrong.status_code == unknown.status_code == 422
    assert sentence in wrong.text
    assert sentence in unknown.text
    assert 'value="admin@desk.example"' in wrong.text


def test_an_account_is_locked_after_five_failures_even_for_the_right_password(
    somebody: FlaskClient, desk: Runtime
) -> None:
    for _ in range(5):
        assert send(somebody, "/sign-in", email="agent@desk.example", password="wrong wrong wrong").status_code == 422
    locked = send(somebody, "/sign-in", email="agent@desk.example", password=PASSWORD)
    assert locked.status_code == 403
    assert "Too many failed sign-ins. Try again in 15 minutes" in locked.text
    assert send(somebody, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    with desk.db.transaction() as session:
        session.execute(update(FailedLogin).values(since=clock.now() - timedelta(minutes=16)))
    assert send(somebody, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 303


def test_an_address_that_fails_often_gets_one_guess_at_an_account_and_locks_nobody_out(
    app: Flask, somebody: FlaskClient
) -> None:
    for number in range(31):
        send(somebody, "/sign-in", email=f"guess{number}@desk.example", password="wrong wrong wrong")
    guesses = [
        send(somebody, "/sign-in", email="admin@desk.example", password="wrong wrong wrong").status_code
        for _ in range(2)
    ]
    assert guesses == [422, 403]
    colleague = app.test_client()
    assert send(colleague, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 303


def test_strangers_lock_out_neither_a_known_browser_nor_an_open_session(sign_in: SignIn, somebody: FlaskClient) -> None:
    approver = sign_in("approver")
    for _ in range(40):
        send(somebody, "/sign-in", email="approver@desk.example", password="wrong wrong wrong")
    assert send(somebody, "/sign-in", email="approver@desk.example", password=PASSWORD).status_code == 403
    page = "/profile"
    words = {"old": PASSWORD, "new": "nine calm otters", "again": "nine calm otters"}
    assert send(approver, "/profile/password", page=page, **words).status_code == 303
    send(approver, "/sign-out", page=page)
    assert send(approver, "/sign-in", email="approver@desk.example", password="nine calm otters").status_code == 303


def test_a_known_browser_that_guesses_is_locked_too(sign_in: SignIn) -> None:
    client = sign_in("agent")
    send(client, "/sign-out", page="/profile")
    statuses = [
        send(client, "/sign-in", email="agent@desk.example", password="wrong wrong wrong").status_code for _ in range(6)
    ]
    assert statuses == [422] * 5 + [403]


def test_a_browser_is_known_only_to_the_accounts_it_signed_in_to_and_by_our_signature(
    sign_in: SignIn, somebody: FlaskClient
) -> None:
    client = sign_in("agent")
    send(client, "/sign-out", page="/profile")
    for _ in range(5):
        send(somebody, "/sign-in", email="admin@desk.example", password="wrong wrong wrong")
    assert send(client, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 403
    own = client.get_cookie("desk_device")
    assert own is not None
    forged = own.value[:-4] + "AAAA"
    for _ in range(5):
        send(somebody, "/sign-in", email="agent@desk.example", password="wrong wrong wrong")
    somebody.set_cookie("desk_device", forged)
    assert send(somebody, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 403
    assert send(client, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 303


def test_a_hash_with_old_parameters_is_renewed_at_sign_in(sign_in: SignIn, desk: Runtime) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "agent@desk.example").values(password=old))
    sign_in("agent")
    with desk.db.reading() as session:
        renewed = session.scalars(select(User.password).where(User.email == "agent@desk.example")).one()
    assert renewed != old
    assert not passwords.is_outdated(renewed or "")
    assert passwords.matches(renewed, PASSWORD)


def test_a_copied_cookie_dies_with_the_sign_out(sign_in: SignIn, somebody: FlaskClient) -> None:
    client = sign_in("admin")
    copied = client.get_cookie("desk_session")
    assert copied is not None
    send(client, "/sign-out", page="/users")
    somebody.set_cookie("desk_session", copied.value)
    assert somebody.get("/users").status_code == 302


def test_signing_in_again_ends_the_sign_in_before_it_and_every_copy_of_its_cookie(
    sign_in: SignIn, somebody: FlaskClient
) -> None:
    client = sign_in("agent")
    copy = client.get_cookie("desk_session")
    assert copy
    somebody.set_cookie("desk_session", copy.value)
    assert somebody.get("/profile/").status_code == 200
    assert send(client, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 303
    assert client.get("/profile/").status_code == 200
    assert somebody.get("/profile/").status_code == 302


def test_signing_out_clears_what_the_browser_kept(sign_in: SignIn) -> None:
    answer = send(sign_in("agent"), "/sign-out", page="/profile")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_cookies_are_signed_by_sha_256(sign_in: SignIn) -> None:
    client = sign_in("agent")
    for name in ("desk_session", "desk_device"):
        cookie = client.get_cookie(name)
        assert cookie
        assert len(cookie.value.rpartition(".")[2]) == 43, f"{name}: 32 bytes in base64"


def test_a_password_that_somebody_else_chose_expires_after_a_week(desk: Runtime, somebody: FlaskClient) -> None:
    now = clock.now()
    with desk.db.transaction() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
        given = users.reset(session, agent, at=now - passwords.FIRST_LIFETIME, actor=SETUP)
    late = send(somebody, "/sign-in", email="agent@desk.example", password=given)
    assert late.status_code == 403
    assert "given to you too long ago" in late.text
    with desk.db.transaction() as session:
        given = users.reset(session, agent, at=now - passwords.FIRST_LIFETIME + timedelta(hours=1), actor=SETUP)
    assert send(somebody, "/sign-in", email="agent@desk.example", password=given).status_code == 303
    own = "four plain green doors"
    changed = send(somebody, "/profile/password", page="/profile/", old=given, new=own, again=own)
    assert changed.status_code == 303
    with desk.db.reading() as session:
        assert users.find(session, agent).password_expires_at is None


def test_each_attempt_that_fails_is_logged_without_what_was_typed(desk: Runtime, somebody: FlaskClient) -> None:
    with capture_logs() as lines:
        send(somebody, "/sign-in", email="nobody@desk.example", password="no such words here")
        for _ in range(6):
            send(somebody, "/sign-in", email="agent@desk.example", password="wrong wrong wrong")
        somebody.post("/sign-in", data={"email": "agent@desk.example", "password": PASSWORD})
    failed = [(line["purpose"], line["reason"], line["account"]) for line in lines if line["event"] == "sign_in.failed"]
    with desk.db.reading() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    wrong, locked = ("password", "wrong", f"user:{agent}"), ("password", "locked", None)
    assert failed == [("password", "wrong", None), *[wrong] * 5, locked]
    assert [line["path"] for line in lines if line["event"] == "csrf.refused"] == ["/sign-in"]
    assert all("wrong wrong" not in str(line) and "agent@" not in str(line) for line in lines)


def test_the_idle_limit_ends_a_session_and_polling_does_not_extend_it(sign_in: SignIn, desk: Runtime) -> None:
    client = sign_in("admin")
    _seen(desk, timedelta(minutes=29))
    client.get("/users", headers={"X-Desk-Poll": "1"})
    assert _last_seen(desk) < clock.now() - timedelta(minutes=28)
    client.get("/users")
    assert _last_seen(desk) > clock.now() - timedelta(minutes=1)
    _seen(desk, timedelta(minutes=31))
    assert client.get("/users").status_code == 302


def test_the_absolute_limit_ends_a_session_in_use(sign_in: SignIn, desk: Runtime) -> None:
    client = sign_in("admin")
    with desk.db.transaction() as session:
        session.execute(update(UserSession).values(ends_at=clock.now()))
    assert client.get("/users").status_code == 302


def test_a_disabled_person_is_out_at_once(sign_in: SignIn, desk: Runtime) -> None:
    client = sign_in("agent")
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "agent@desk.example").values(active=False))
    assert client.get("/profile").status_code == 302
    answer = send(client, "/sign-in", email="agent@desk.example", password=PASSWORD)
    assert "This account is disabled" in answer.text


def test_signing_in_is_on_the_record(sign_in: SignIn, desk: Runtime) -> None:
    sign_in("agent")
    with desk.db.reading() as session:
        assert session.scalars(select(Audit.actor_name).where(Audit.action == "user.sign_in")).all() == ["The agent"]


def _seen(desk: Runtime, ago: timedelta) -> None:
    with desk.db.transaction() as session:
        session.execute(update(UserSession).values(seen_at=clock.now() - ago))


def _last_seen(desk: Runtime) -> datetime:
    with desk.db.reading() as session:
        return session.scalars(select(UserSession.seen_at)).one()


def test_passwords_are_hashed_by_argon2id_at_the_cost_that_its_authors_recommend() -> None:
    """In a process of its own: tests hash cheaply. RFC 9106, second recommendation: 64 MiB, three passes."""
    script = "from webapp.services.users.passwords import hashed; print(hashed('seven quiet herons'))"
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    "password",
    ["plain green doors", "green doors in the rain, " * 3, "ночь и улица, фонарь", "  blanks belong to it  "],
)
def test_a_password_may_be_of_any_signs_and_is_taken_as_it_is(password: str) -> None:
    passwords.check(password)
    kept = passwords.hashed(password)
    assert passwords.matches(kept, password)
    assert not passwords.matches(kept, password[:-1])
    assert not passwords.matches(kept, password.upper())


def test_nothing_of_the_session_before_is_carried_over(somebody: FlaskClient) -> None:
    """Who had this browser's cookie before the sign-in has nothing of it afterwards."""
    somebody.get("/sign-in")
    with somebody.session_transaction() as session:
        session["left_behind"] = "by somebody else"
        before = session["csrf_token"]
    assert send(somebody, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 303
    with somebody.session_transaction() as session:
        assert "left_behind" not in session
        assert session.get("csrf_token") != before


def test_nothing_fits_where_there_is_no_password() -> None:
    assert not any(passwords.matches(None, word) for word in ("", "None", PASSWORD))


def test_a_new_password_takes_the_old_one(desk: Runtime) -> None:
    with desk.db.transaction() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
        how: Any = {"current_session_id": None, "at": clock.now(), "actor": SETUP}
        with pytest.raises(Invalid, match="not your password"):
            profile.change_password(session, agent, "not it at all", "four plain green doors", **how)
        profile.change_password(session, agent, PASSWORD, "four plain green doors", **how)
