"""Actions: errors at the field, values kept, refusals as messages, double submits harmless."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.support.paths import ROOT
from tests.support.people import PASSWORD, hidden, send
from webapp.models import ApiToken, Audit, User, UserSession
from webapp.runtime import Runtime
from webapp.services.users import users

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def admin(sign_in: SignIn) -> FlaskClient:
    """An admin's browser."""
    return sign_in("admin")


def test_an_admin_adds_a_user_whose_password_is_shown_once(admin: FlaskClient, somebody: FlaskClient) -> None:
    answer = send(admin, "/users/add", name="Eve Uwase", email="eve@desk.example", roles=["agent", "operator"])
    found = re.search(r"<code>([a-z0-9-]{19})</code>", answer.text)
    assert found
    signed_in = send(somebody, "/sign-in", email="eve@desk.example", password=found[1])
    assert signed_in.status_code == 303
    assert found[1] not in admin.get("/users").text


def test_a_first_sign_in_leads_to_choosing_a_password(admin: FlaskClient, somebody: FlaskClient) -> None:
    answer = send(admin, "/users/add", name="Eve Uwase", email="eve@desk.example", roles="admin")
    password = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)[0]
    send(somebody, "/sign-in", email="eve@desk.example", password=password)
    assert somebody.get("/users").headers["Location"] == "/profile/#password"
    chosen = {"old": password, "new": "four plain green doors", "again": "four plain green doors"}
    assert send(somebody, "/profile/password", page="/profile", **chosen).status_code == 303
    assert somebody.get("/users").status_code == 200


def test_errors_stand_at_their_fields_and_what_was_typed_is_kept(admin: FlaskClient) -> None:
    answer = send(admin, "/users/add", name="Eve", email="not an address")
    assert answer.status_code == 422
    assert "A user needs at least one role." in answer.text or "Write an address such as" in answer.text
    assert 'value="not an address"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_refusal_keeps_its_status_and_its_sentence(admin: FlaskClient, desk: Runtime) -> None:
    taken = send(admin, "/users/add", name="Twice", email="agent@desk.example", roles="agent")
    assert taken.status_code == 409
    assert "has an account already" in taken.text
    oneself = send(admin, f"/users/{_id(desk, 'admin')}/disable", reason="tired")
    assert oneself.status_code == 409
    assert "Another administrator can." in oneself.text
    assert "tired" in oneself.text


def test_a_form_sent_twice_is_done_once(admin: FlaskClient, desk: Runtime) -> None:
    fields = hidden(admin.get("/tokens/add").text, "/tokens/add") | {"name": "cron", "scopes": "jobs", "days": "30"}
    fields["secret"] = PASSWORD
    assert admin.post("/tokens/add", data=fields).status_code == 200
    again = admin.post("/tokens/add", data=fields)
    assert (again.status_code, again.headers["Location"]) == (303, "/tokens/")
    assert "was done then" in admin.get("/tokens").text
    with desk.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 1


def test_a_refused_form_can_be_corrected_and_sent_again(admin: FlaskClient, desk: Runtime) -> None:
    fields = hidden(admin.get("/users/add").text, "/users/add") | {
        "secret": PASSWORD,
        "name": "Eve",
        "email": "agent@desk.example",
        "roles": "agent",
    }
    assert admin.post("/users/add", data=fields).status_code == 409
    assert admin.post("/users/add", data=fields | {"email": "eve@desk.example"}).status_code == 200


def test_a_deed_is_asked_for_before_it_is_done(admin: FlaskClient, desk: Runtime) -> None:
    path = f"/users/{_id(desk, 'agent')}/disable"
    page = admin.get(path).text
    assert "Disable The agent" in page
    assert re.search(r"<a class=\"button\"[^>]* autofocus>\s*Cancel\s*</a>", page)
    with desk.db.reading() as session:
        assert users.find(session, _id(desk, "agent")).active


def test_disabling_ends_every_sign_in_and_is_on_the_record(admin: FlaskClient, sign_in: SignIn, desk: Runtime) -> None:
    agent = sign_in("agent")
    answer = send(admin, f"/users/{_id(desk, 'agent')}/disable", reason="left the company")
    assert answer.status_code == 303
    assert "The agent is disabled" in admin.get("/users").text
    assert agent.get("/profile").status_code == 302
    with desk.db.reading() as session:
        assert session.scalars(select(Audit.reason).where(Audit.action == "user.disable")).all() == ["left the company"]


def test_a_reset_gives_a_new_password_and_the_old_one_ends(
    admin: FlaskClient, somebody: FlaskClient, sign_in: SignIn, desk: Runtime
) -> None:
    there = sign_in("agent")
    answer = send(admin, f"/users/{_id(desk, 'agent')}/reset")
    assert there.get("/profile").status_code == 302
    password = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)[0]
    assert send(somebody, "/sign-in", email="agent@desk.example", password=PASSWORD).status_code == 422
    assert send(somebody, "/sign-in", email="agent@desk.example", password=password).status_code == 303


def test_other_roles_count_at_the_next_click(admin: FlaskClient, sign_in: SignIn, desk: Runtime) -> None:
    agent = sign_in("agent")
    assert agent.get("/users").status_code == 403
    send(admin, f"/users/{_id(desk, 'agent')}/roles", roles=["agent", "admin"])
    assert agent.get("/users").status_code == 200


def test_a_person_ends_another_sign_in_of_their_own_but_nobody_elses(sign_in: SignIn, desk: Runtime) -> None:
    here, there, other = sign_in("agent"), sign_in("agent"), sign_in("viewer")
    with desk.db.reading() as session:
        _first, second, others = session.scalars(select(UserSession.id).order_by(UserSession.id)).all()
    assert send(here, f"/profile/sessions/{second}/end").status_code == 303
    assert there.get("/profile").status_code == 302
    assert send(here, f"/profile/sessions/{others}/end").status_code == 404
    assert other.get("/profile").status_code == 200


def test_a_wrong_old_password_is_said_at_its_field_on_the_same_page(sign_in: SignIn) -> None:
    fields = {"old": "not it at all ever", "new": "four plain green doors", "again": "four plain green doors"}
    answer = send(sign_in("agent"), "/profile/password", page="/profile", **fields)
    assert answer.status_code == 422
    assert 'id="password-old-error"' in answer.text
    assert "Where you are signed in" in answer.text


@pytest.mark.parametrize("weak", ["short", "nine herons", "password password", "aaaaaaaaaaaaaaaa", "the agent agent"])
def test_a_password_that_is_easily_guessed_is_refused(sign_in: SignIn, weak: str) -> None:
    answer = send(sign_in("agent"), "/profile/password", page="/profile", old=PASSWORD, new=weak, again=weak)
    assert answer.status_code == 422
    assert 'id="password-new-error"' in answer.text


def test_a_field_that_has_to_be_filled_says_so_in_words_of_its_own() -> None:
    """The library's "This field is required." names neither the thing nor what to do."""
    forms = [*(ROOT / "webapp" / "admin").rglob("*.py"), *(ROOT / "webapp" / "security").rglob("*.py")]
    silent = [str(file) for file in forms if re.search(r"(Data|Input|File)Required\(\)", file.read_text())]
    assert silent == []


def _id(desk: Runtime, role: str) -> int:
    with desk.db.reading() as session:
        return session.scalars(select(User.id).where(User.email == f"{role}@desk.example")).one()


def test_a_new_password_ends_every_other_sign_in(sign_in: SignIn) -> None:
    here, elsewhere = sign_in("agent"), sign_in("agent")
    fields = {"old": PASSWORD, "new": "four plain green doors", "again": "four plain green doors"}
    assert send(here, "/profile/password", page="/profile", **fields).status_code == 303
    assert here.get("/profile").status_code == 200
    assert elsewhere.get("/profile").status_code == 302
