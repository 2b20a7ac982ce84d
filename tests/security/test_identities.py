"""What the desk makes of people who came through an identity provider: pages, second factor, sign-out, command line."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from tests.support.identity_provider import IdentityProvider, actions, arrive, come_back, leave, linked
from tests.support.people import PASSWORD, SETUP, send
from webapp import clock, health_checks
from webapp.commands.user import command as user_command
from webapp.errors import Conflict, NotFound
from webapp.models import User, UserIdentity, UserSession
from webapp.runtime import Runtime
from webapp.services.common.settings_display import masked
from webapp.services.users import two_factor, users
from webapp.settings import SettingsProblem, load_settings

COMPLETE = {"oidc_issuer": "https://id.example", "oidc_client_id": "desk", "oidc_client_secret": "shh"}


def id_of(desk: Runtime, role: str) -> int:
    """The number of this person."""
    with desk.db.reading() as session:
        user = users.by_email(session, f"{role}@desk.example")
        assert user is not None
        return user.id


def test_how_one_signed_in_stands_on_the_profile_and_the_users_page(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    come_back(somebody, provider)
    assert "through the identity provider" in somebody.get("/profile/").text
    page = somebody.get(f"/users/{id_of(desk, 'admin')}").text
    assert "through the identity provider" in page
    assert provider.issuer in page
    assert "Unlink…" in page


def test_an_administrator_unlinks_and_every_sign_in_of_theirs_ends(
    somebody: FlaskClient, sign_in: Any, desk: Runtime, provider: IdentityProvider
) -> None:
    come_back(somebody, provider, "agent")
    user_id, admin = id_of(desk, "agent"), sign_in("admin")
    with desk.db.reading() as session:
        identity = session.scalars(select(UserIdentity)).one()
    path = f"/users/{user_id}/identities/{identity.id}/unlink"
    assert send(admin, path).status_code == 303
    assert linked(desk) == []
    assert somebody.get("/").status_code == 302
    assert actions(desk)[-1] == ("user.unlink_identity", f"user:{id_of(desk, 'admin')}")
    assert admin.get(path).status_code == 404


def test_only_who_manages_users_unlinks(desk: Runtime, somebody: FlaskClient, provider: IdentityProvider) -> None:
    come_back(somebody, provider, "agent")
    with desk.db.reading() as session:
        identity = session.scalars(select(UserIdentity)).one()
    answer = somebody.get(f"/users/{identity.user_id}/identities/{identity.id}/unlink")
    assert answer.status_code == 403


def test_who_came_through_the_provider_can_sign_out_there_too(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    come_back(somebody, provider)
    page = send(somebody, "/sign-out", page="/")
    assert page.status_code == 200
    assert page.headers["Clear-Site-Data"]
    assert somebody.get("/").status_code == 302
    found = re.search(r'href="([^"]+)">Sign out there too', page.text)
    assert found is not None
    address = html.unescape(found[1])
    assert address.startswith(f"{provider.issuer}/logout/")
    back = requests.get(address, allow_redirects=False, timeout=10)
    assert (back.status_code, back.headers["Location"]) == (302, "http://localhost:8000/sign-in")


def test_who_came_by_password_is_not_sent_to_the_provider(sign_in: Any, provider: IdentityProvider) -> None:
    assert send(sign_in("admin"), "/sign-out", page="/").headers["Location"] == "/sign-in"


def turn_second_factor_on(desk: Runtime) -> None:
    """Give the administrator an authenticator app."""
    codes = two_factor.Codes(desk.settings)
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "admin@desk.example").values(totp_secret=codes.new_secret()))


def test_the_desk_asks_its_own_second_factor_unless_the_providers_counts(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    turn_second_factor_on(desk)
    provider.control(claims={"acr": "gold", "amr": ["pwd", "otp"]})
    answer = come_back(somebody, provider, start="/sign-in/provider?next=/users")
    assert answer.headers["Location"] == "/sign-in/code?next=/users"
    assert somebody.get("/users").status_code == 302
    desk.settings.oidc_second_factor = ["otp"]
    assert come_back(somebody, provider).headers["Location"] == "/"
    with desk.db.reading() as session:
        begun = session.scalars(select(UserSession)).one()
        assert begun.second_factor == "identity_provider"


def test_where_a_second_factor_is_required_the_providers_is_enough_if_it_counts(
    somebody: FlaskClient, app: Flask, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.second_factor_required = True
    provider.control(claims={"amr": ["otp"]})
    come_back(somebody, provider)
    assert somebody.get("/").headers["Location"] == "/profile/second-factor/"
    assert "Confirm at the identity provider" in somebody.get("/profile/second-factor/").text
    again = leave(somebody, "/sign-in/provider/again?next=/profile/second-factor/")
    answer = arrive(somebody, provider.answer(again))
    assert answer.headers["Location"] == "/profile/second-factor/"
    desk.settings.oidc_second_factor = ["otp"]
    other = app.test_client()
    come_back(other, provider)
    assert other.get("/").status_code == 200


def test_without_passwords_only_an_opened_one_is_taken_and_only_for_a_while(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.password_sign_in = False
    page = somebody.get("/sign-in").text
    assert "Sign in with your company account" in page
    assert 'name="password"' not in page
    form = {"email": "admin@desk.example", "password": PASSWORD}
    with capture_logs() as logs:
        answer = send(somebody, "/sign-in?with=password", **form)
    assert answer.status_code == 403
    assert "This desk takes no passwords." in answer.text
    assert [line["reason"] for line in logs if line["event"] == "sign_in.failed"] == ["passwords_off"]
    at = clock.now()
    with desk.db.transaction() as session:
        user_id = id_of(desk, "admin")
        users.open_password(session, user_id, at + timedelta(minutes=5), at=at, actor=SETUP)
    assert send(somebody, "/sign-in?with=password", **form).status_code == 303
    with desk.db.transaction() as session:
        users.open_password(session, user_id, at, at=at, actor=SETUP)
    assert send(somebody, "/sign-in?with=password", **form).status_code == 403


def confirm(client: FlaskClient, provider: IdentityProvider, username: str = "admin") -> Any:
    """Be asked again at the provider, and come back."""
    address = leave(client, "/sign-in/provider/again?next=/users/add")
    assert "prompt=login" in address
    return arrive(client, provider.answer(address, username))


def test_who_has_no_password_confirms_at_the_provider(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    come_back(somebody, provider)
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "admin@desk.example").values(password=None))
    page = somebody.get("/users/add").text
    assert 'href="/sign-in/provider/again?next=/users/add"' in page
    form = {"name": "New", "email": "new@desk.example", "roles": "viewer", "secret": ""}
    refused = send(somebody, "/users/add", **form)
    assert refused.status_code == 422
    assert "Type it once more." in refused.text
    assert confirm(somebody, provider).headers["Location"] == "/users/add"
    assert "leave this empty" in somebody.get("/users/add").text
    assert send(somebody, "/users/add", **form).status_code == 200
    with desk.db.transaction() as session:
        session.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(minutes=6)))
    assert send(somebody, "/users/add", **form | {"email": "more@desk.example"}).status_code == 422
    assert "You have none on this desk" in somebody.get("/profile/").text


def test_only_a_fresh_sign_in_there_of_the_same_person_confirms(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, app: Flask
) -> None:
    come_back(somebody, provider)
    provider.control(claims={"auth_time": int(clock.now().timestamp()) - 3_600})
    assert "did not ask you to sign in anew" in confirm(somebody, provider).text
    provider.control(without=["auth_time"])
    assert "did not ask you to sign in anew" in confirm(somebody, provider).text
    provider.control()
    assert "Somebody else signed in" in confirm(somebody, provider, "agent").text
    address = provider.answer(leave(somebody, "/sign-in/provider/again"))
    send(somebody, "/sign-out", page="/")
    assert arrive(somebody, address).status_code == 400
    with desk.db.reading() as session:
        assert session.scalars(select(UserSession.confirmed_at)).all() == [None]
    assert app.test_client().get("/sign-in/provider/again").status_code == 302


def test_a_first_password_need_not_be_changed_by_who_does_not_use_it(
    somebody: FlaskClient, sign_in: Any, desk: Runtime, provider: IdentityProvider
) -> None:
    with desk.db.transaction() as session:
        session.execute(update(User).values(must_change_password=True))
    assert sign_in("admin").get("/users").headers["Location"] == "/profile/#password"
    come_back(somebody, provider)
    assert somebody.get("/users").status_code == 200


def on_the_command_line(desk: Runtime, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """What `desk user …` does on this desk, and its answer for machines."""
    monkeypatch.setattr("webapp.commands.shared.load_settings", lambda: desk.settings)
    done = CliRunner().invoke(user_command, [*words, "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_an_operator_links_unlinks_and_opens_a_password(desk: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Conflict, match="OIDC_ISSUER"):
        on_the_command_line(desk, monkeypatch, "link", "agent@desk.example", "42")
    for name, value in COMPLETE.items():
        setattr(desk.settings, name, value)
    on_the_command_line(desk, monkeypatch, "link", "agent@desk.example", "42")
    assert linked(desk) == [("agent@desk.example", "42")]
    with pytest.raises(Conflict, match="already"):
        on_the_command_line(desk, monkeypatch, "link", "admin@desk.example", "42")
    on_the_command_line(desk, monkeypatch, "unlink", "agent@desk.example")
    with pytest.raises(NotFound):
        on_the_command_line(desk, monkeypatch, "unlink", "agent@desk.example")
    on_the_command_line(desk, monkeypatch, "open-password", "agent@desk.example", "--minutes", "5")
    with desk.db.reading() as session:
        user = users.by_email(session, "agent@desk.example")
    assert users.has_open_password(user, clock.now())
    assert not users.has_open_password(user, clock.now() + timedelta(minutes=6))


def test_the_doctor_asks_the_provider(desk: Runtime, provider: IdentityProvider) -> None:
    found = health_checks.identity_provider(desk)
    assert (found.verdict, found.found) == ("ok", f"{provider.issuer} answers, and shows 1 key.")
    desk.settings.oidc_issuer = "http://127.0.0.1:9/o"
    found = health_checks.identity_provider(desk)
    assert found.verdict == "wrong"
    assert "ConnectionError" in found.found
    desk.settings.oidc_issuer = ""
    assert health_checks.identity_provider(desk).verdict == "ok"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"oidc_client_id": "desk"}, "OIDC_CLIENT_ID: set OIDC_ISSUER too"),
        ({"oidc_issuer": "https://id.example"}, "OIDC_CLIENT_SECRET: set it too"),
        (COMPLETE | {"oidc_issuer": "http://id.example"}, "OIDC_ISSUER: write the issuer's address"),
        (COMPLETE | {"oidc_scopes": "email"}, "OIDC_SCOPES: openid has to be among them"),
        (COMPLETE | {"oidc_roles_claim": "groups"}, "OIDC_ROLES_CLAIM, OIDC_ROLES: set both or neither"),
        (COMPLETE | {"oidc_roles_claim": "groups", "oidc_roles": "a=boss"}, "there is no role boss"),
        (COMPLETE | {"oidc_roles_claim": "groups", "oidc_roles": "admins"}, "write pairs such as"),
        (COMPLETE | {"oidc_create_people": True}, "OIDC_CREATE_PEOPLE: set OIDC_DEFAULT_ROLES"),
        ({"password_sign_in": False}, "PASSWORD_SIGN_IN: set OIDC_ISSUER too"),
    ],
)
def test_what_is_set_by_halves_is_refused_at_the_start(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsProblem) as refused:
        load_settings(_env_file=None, **given)
    assert sentence in str(refused.value)


def test_production_wants_its_own_address_and_https() -> None:
    own = {"env": "production", "secret_key": "k" * 32, "database_url": "postgresql://x", "redis_url": "redis://x"}
    with pytest.raises(SettingsProblem) as refused:
        load_settings(_env_file=None, trusted_hosts="desk.example", **own, **COMPLETE)
    assert refused.value.problems == ["PUBLIC_URL: set it too: the identity provider sends people back to it"]
    local = COMPLETE | {"oidc_issuer": "http://localhost:9000", "public_url": "https://desk.example"}
    with pytest.raises(SettingsProblem, match="OIDC_ISSUER"):
        load_settings(_env_file=None, trusted_hosts="desk.example", **own, **local)


def test_groups_may_have_commas_and_the_secret_is_masked() -> None:
    roles = '{"CN=desk,OU=groups": "admin"}'
    found = load_settings(_env_file=None, **COMPLETE, oidc_roles_claim="groups", oidc_roles=roles)
    assert found.oidc_roles == {"CN=desk,OU=groups": "admin"}
    shown = masked(found)
    assert shown["OIDC_CLIENT_SECRET"] == "***"
    assert shown["PASSWORD_SIGN_IN"] is True
    assert shown["OIDC_ROLES"] == "CN=desk,OU=groups=admin"
