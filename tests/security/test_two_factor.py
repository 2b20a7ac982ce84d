"""The second factor: set up, asked for, and no code twice."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import select

from tests.support.people import PASSWORD, send
from webapp.models import Audit, User
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]


def test_a_second_factor_is_set_up_and_then_asked_for(sign_in: SignIn, somebody: FlaskClient) -> None:
    app, codes = _set_up(sign_in("agent"))
    assert len(codes) == 10
    assert _password(somebody).headers["Location"] == "/sign-in/code"
    assert somebody.get("/profile").status_code == 302
    answer = send(somebody, "/sign-in/code", code=_next(app))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_no_code_works_twice(sign_in: SignIn, somebody: FlaskClient) -> None:
    app, _codes = _set_up(sign_in("agent"))
    code = _next(app)
    _password(somebody)
    assert send(somebody, "/sign-in/code", code=code).status_code == 303
    send(somebody, "/sign-out", page="/profile")
    _password(somebody)
    again = send(somebody, "/sign-in/code", code=code)
    assert again.status_code == 422
    assert "was used already" in again.text


def test_a_recovery_code_signs_in_once(sign_in: SignIn, somebody: FlaskClient) -> None:
    _app, codes = _set_up(sign_in("agent"))
    _password(somebody)
    assert send(somebody, "/sign-in/code", code=codes[0].upper()).status_code == 303
    send(somebody, "/sign-out", page="/profile")
    _password(somebody)
    assert send(somebody, "/sign-in/code", code=codes[0]).status_code == 422
    assert send(somebody, "/sign-in/code", code=codes[1]).status_code == 303


def test_guessing_codes_locks_the_account(sign_in: SignIn, somebody: FlaskClient) -> None:
    _set_up(sign_in("agent"))
    _password(somebody)
    statuses = [send(somebody, "/sign-in/code", code=f"00000{digit}").status_code for digit in range(6)]
    assert statuses == [422, 422, 422, 422, 422, 403]


def test_the_password_once_more_gives_no_new_guesses_at_the_code(sign_in: SignIn, somebody: FlaskClient) -> None:
    _set_up(sign_in("agent"))
    _password(somebody)
    for digit in range(5):
        send(somebody, "/sign-in/code", code=f"00000{digit}")
    assert _password(somebody).status_code == 303
    assert send(somebody, "/sign-in/code", code="000009").status_code == 403


def test_turning_it_on_ends_every_other_sign_in(sign_in: SignIn) -> None:
    here, elsewhere = sign_in("agent"), sign_in("agent")
    _set_up(here)
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 302


def test_turning_it_on_needs_the_password_and_a_fitting_code(sign_in: SignIn) -> None:
    client = sign_in("agent")
    page = "/profile/second-factor"
    wrong = send(client, f"{page}/enable", page=page, password="not this one at all", code="123456")
    assert "That is not your password." in wrong.text
    unfit = send(client, f"{page}/enable", page=page, password=PASSWORD, code="1")
    assert unfit.status_code == 422
    assert "That code does not fit." in unfit.text


def _set_up(client: FlaskClient) -> tuple[TOTP, list[str]]:
    page = client.get("/profile/second-factor").text
    found = re.search(r'<code class="key">([^<]+)</code>', page)
    assert found
    app = TOTP(key=found[1].replace("-", ""))
    answer = send(
        client,
        "/profile/second-factor/enable",
        page="/profile/second-factor",
        password=PASSWORD,
        code=app.generate().token,
    )
    assert answer.status_code == 200, answer.text
    return app, [unescape(code) for code in re.findall(r"<li><code>([^<]+)</code>", answer.text)]


def _next(app: TOTP) -> str:
    """The code of the next half minute, which the clock's drift allows."""
    now = app.generate()
    return str(app.generate(now.expire_time + 1).token)


def _password(client: FlaskClient) -> Any:
    return send(client, "/sign-in", email="agent@desk.example", password=PASSWORD)


def test_guessing_at_an_open_session_locks_that_session_and_a_code_confirms_as_well(
    sign_in: SignIn, somebody: FlaskClient
) -> None:
    client = sign_in("agent")
    app, _codes = _set_up(client)
    page = "/profile/second-factor/recovery-codes"
    assert send(client, page, password=_next(app)).status_code == 200
    statuses = [send(client, page, password="a guess at it").status_code for _ in range(6)]
    assert statuses == [422, 422, 422, 422, 422, 403]
    assert _password(somebody).status_code == 303, "guesses at an open session close no sign-in"


def test_recovery_codes_are_too_long_for_a_plain_hash_of_them_to_be_searched(sign_in: SignIn) -> None:
    _app, codes = _set_up(sign_in("agent"))
    assert len(codes) == len(set(codes)) == 10
    assert all(re.fullmatch("([a-z2-9]{4}-){6}[a-z2-9]{4}", code) for code in codes), "31 letters, 28 of them: 138 bits"


def test_where_it_is_required_nothing_is_open_before_it_is_set_up(desk: Runtime, sign_in: SignIn) -> None:
    desk.settings.second_factor_required = True
    client = sign_in("agent")
    for path in ("/", "/disputes/", "/disputes/open/1"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/profile/second-factor/"), path
    assert client.get("/api/v1/escrows").status_code == 403
    assert client.get("/profile/").status_code == 200
    assert "asks it of everybody" in client.get("/profile/second-factor/").text
    _set_up(client)
    assert client.get("/disputes/").status_code == client.get("/api/v1/escrows").status_code == 200
    assert send(client, "/profile/second-factor/disable", password=PASSWORD).status_code == 303
    assert client.get("/disputes/").status_code == 302


@pytest.mark.parametrize("lost", [False, True])
def test_a_reset_leaves_the_second_factor_on_unless_it_is_lost_too(
    desk: Runtime, sign_in: SignIn, somebody: FlaskClient, lost: bool
) -> None:
    app, _codes = _set_up(sign_in("agent"))
    with desk.db.reading() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    ticked = {"second_factor": "y"} if lost else {}
    answer = send(sign_in("admin"), f"/users/{agent}/reset", **ticked)
    [password] = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)
    inside = send(somebody, "/sign-in", email="agent@desk.example", password=password)
    assert inside.headers["Location"] == ("/" if lost else "/sign-in/code")
    if not lost:
        assert send(somebody, "/sign-in/code", code=_next(app)).status_code == 303
    assert somebody.get("/disputes/").headers["Location"] == "/profile/#password"
    with desk.db.reading() as session:
        [after] = session.scalars(select(Audit.after).where(Audit.action == "user.reset"))
    assert ("true" in str(after).lower(), "second_factor_off" in str(after)) == (lost, True)


@pytest.mark.parametrize("page", ["recovery-codes", "disable"])
def test_where_it_is_off_there_are_no_codes_to_renew_and_nothing_to_turn_off(sign_in: SignIn, page: str) -> None:
    answer = send(sign_in("agent"), f"/profile/second-factor/{page}", password=PASSWORD)
    assert answer.status_code == 409
    assert "Set it up first" in answer.text


def test_who_gave_the_password_has_five_minutes_for_the_code(sign_in: SignIn, somebody: FlaskClient) -> None:
    app, _codes = _set_up(sign_in("agent"))
    _password(somebody)
    with somebody.session_transaction() as session:
        user_id, since, method = session["halfway"]
        session["halfway"] = [user_id, since - 301, method]
    late = somebody.get("/sign-in/code")
    assert (late.status_code, late.headers["Location"]) == (303, "/sign-in")
    _password(somebody)
    assert send(somebody, "/sign-in/code", code=_next(app)).status_code == 303
