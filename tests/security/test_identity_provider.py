"""Signing in through an identity provider: a real one, in a process of its own on loopback."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.support.identity_provider import CALLBACK, IdentityProvider, actions, arrive, come_back, leave, linked
from tests.support.people import PASSWORD, SETUP, send
from webapp import clock
from webapp.models import UserSession
from webapp.runtime import Runtime
from webapp.services.users import users


def refused(client: FlaskClient, answer: Any, status: int, sentence: str, reason: str, logs: list[Any]) -> None:
    """Nobody is signed in; the page says why, and so does the log."""
    assert answer.status_code == status, answer.text
    assert sentence in answer.text
    assert 'href="/sign-in"' in answer.text
    assert client.get("/").status_code == 302
    said = [line for line in logs if line["event"] == "sign_in.failed"]
    assert [(line["purpose"], line["reason"]) for line in said] == [("provider", reason)]


def test_nothing_is_visible_where_no_provider_is_set(somebody: FlaskClient) -> None:
    assert "company account" not in somebody.get("/sign-in").text
    for path in ("/sign-in/provider", "/sign-in/provider/callback?state=x&code=y"):
        assert somebody.get(path).status_code == 404


def test_a_person_is_linked_by_their_verified_address_and_known_by_subject_ever_after(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, app: Flask
) -> None:
    assert 'href="/sign-in/provider?next=/users"' in somebody.get("/sign-in?next=/users").text
    answer = come_back(somebody, provider, start="/sign-in/provider?next=/users")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/users")
    assert somebody.get("/users").status_code == 200
    assert linked(desk) == [("admin@desk.example", "1")]
    with desk.db.reading() as session:
        begun = session.scalars(select(UserSession)).one()
        assert (begun.method, begun.second_factor) == ("identity_provider", None)
    provider.control(claims={"email": "new@desk.example", "email_verified": False})
    assert come_back(app.test_client(), provider).status_code == 303
    assert [action for action, _actor in actions(desk)] == ["user.link_identity", "user.sign_in", "user.sign_in"]


def test_no_other_site_begins_a_sign_in(somebody: FlaskClient, provider: IdentityProvider) -> None:
    answer = somebody.get("/sign-in/provider?next=/users", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["Location"] == "/sign-in?next=/users"
    own = somebody.get("/sign-in/provider", headers={"Sec-Fetch-Site": "same-origin"})
    assert own.headers["Location"].startswith(provider.issuer)


def test_nobody_is_added_unless_the_desk_is_told_to(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    with capture_logs() as logs:
        answer = come_back(somebody, provider, "stranger")
    refused(somebody, answer, 403, "stranger@desk.example has no account on this desk.", "unknown_person", logs)
    desk.settings.oidc_create_people, desk.settings.oidc_default_roles = True, ["viewer"]
    assert come_back(somebody, provider, "stranger").status_code == 303
    with desk.db.reading() as session:
        added = users.by_email(session, "stranger@desk.example")
        assert added is not None
        assert (added.name, added.password, [role.name for role in added.roles]) == (
            "stranger of Acme",
            None,
            ["viewer"],
        )
    assert ("user.create", "oidc:sign-in") in actions(desk)
    assert send(somebody, "/sign-in", email="stranger@desk.example", password=PASSWORD).status_code == 422


@pytest.mark.parametrize("fault", [{"claims": {"email_verified": False}}, {"without": ["email_verified"]}])
def test_an_address_that_is_not_verified_links_nobody(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, fault: dict[str, Any]
) -> None:
    provider.control(**fault, userinfo={"email_verified": False})
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "does not say that your email address is verified", "email_unverified", logs)
    assert linked(desk) == []


def test_addresses_of_other_domains_are_not_let_in(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.oidc_email_domains = ["acme.example"]
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "This desk lets in addresses of acme.example only.", "email_domain", logs)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"forge": "foreign"}, "id_token"),
        ({"forge": "hmac"}, "id_token"),
        ({"claims": {"nonce": "of another sign-in"}}, "id_token"),
        ({"without": ["nonce"]}, "id_token"),
        ({"claims": {"iss": "https://evil.example"}}, "id_token"),
        ({"claims": {"aud": "another client"}}, "id_token"),
        ({"claims": {"aud": ["escrow-desk", "another client"]}}, "id_token"),
        ({"claims": {"azp": "another client"}}, "id_token"),
        ({"claims": {"exp": 1_000_000_000}}, "expired"),
        ({"claims": {"iat": 9_000_000_000}}, "expired"),
    ],
)
def test_an_id_token_that_fails_a_check_signs_nobody_in(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, fault: dict[str, Any], reason: str
) -> None:
    provider.control(**fault)
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    sentence = "could not be verified" if reason == "id_token" else "its clock and the desk&#39;s differ"
    refused(somebody, answer, 403, sentence, reason, logs)
    assert linked(desk) == []


def test_an_answer_belongs_to_one_sign_in_of_one_browser(
    somebody: FlaskClient, app: Flask, provider: IdentityProvider
) -> None:
    address = provider.answer(leave(somebody))
    with capture_logs() as logs:
        answer = arrive(app.test_client(), address)
    refused(app.test_client(), answer, 400, "belongs to no sign-in that this browser began", "state", logs)
    with capture_logs() as logs:
        answer = arrive(somebody, address.replace("state=", "state=x"))
    refused(somebody, answer, 400, "belongs to no sign-in that this browser began", "state", logs)
    with capture_logs() as logs:
        again = arrive(somebody, address)
    refused(somebody, again, 400, "belongs to no sign-in that this browser began", "state", logs)


def test_an_attempt_is_over_after_ten_minutes(
    somebody: FlaskClient, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.security.provider_views._ATTEMPT_SECONDS", -1)
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 400, "belongs to no sign-in that this browser began", "state", logs)


def test_the_issuer_names_itself_in_its_answer(somebody: FlaskClient, provider: IdentityProvider) -> None:
    address = provider.answer(leave(somebody))
    assert "iss=http" in address
    with capture_logs() as logs:
        answer = arrive(somebody, address.replace("iss=http", "iss=https"))
    refused(somebody, answer, 400, "another identity provider than the one that was asked", "issuer", logs)


def test_a_code_that_is_spent_or_came_with_another_verifier_signs_nobody_in(
    somebody: FlaskClient, provider: IdentityProvider
) -> None:
    first = provider.answer(leave(somebody)).partition("code=")[2].partition("&")[0]
    second = provider.answer(leave(somebody))
    code = second.partition("code=")[2].partition("&")[0]
    with capture_logs() as logs:
        answer = arrive(somebody, second.replace(code, first))
    refused(somebody, answer, 400, "This sign-in took too long", "code", logs)


@pytest.mark.parametrize(
    ("error", "status", "sentence", "reason"),
    [
        ("access_denied", 403, "did not let you in, or you stopped on its page", "declined"),
        ("temporarily_unavailable", 503, "does not answer as it should just now", "provider_away"),
        ("invalid_scope", 503, "do not agree on how they are set up", "configuration"),
    ],
)
def test_the_providers_own_errors_are_said_in_plain_words(
    somebody: FlaskClient, provider: IdentityProvider, error: str, status: int, sentence: str, reason: str
) -> None:
    state = leave(somebody).partition("&state=")[2].partition("&")[0]
    with capture_logs() as logs:
        answer = arrive(
            somebody, f"{CALLBACK}?error={error}&error_description=%3Cb%3E&state={state}&iss={provider.issuer}"
        )
    refused(somebody, answer, status, sentence, reason, logs)


def test_a_wrong_secret_of_the_desk_is_the_operators_to_mend(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.oidc_client_secret = "another"
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 503, "do not agree on how they are set up", "configuration", logs)
    assert "another" not in str(logs)


def test_a_provider_that_is_away_is_said_to_be(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.oidc_issuer = "http://127.0.0.1:9/o"
    with capture_logs() as logs:
        answer = somebody.get("/sign-in/provider")
    refused(somebody, answer, 503, "does not answer as it should just now", "provider_away", logs)


def test_an_issuer_that_calls_itself_otherwise_is_not_believed(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.oidc_issuer += "/"
    with capture_logs() as logs:
        answer = somebody.get("/sign-in/provider")
    refused(somebody, answer, 503, "do not agree on how they are set up", "configuration", logs)


def test_keys_are_looked_for_again_when_the_provider_has_new_ones(
    somebody: FlaskClient, app: Flask, provider: IdentityProvider
) -> None:
    assert come_back(somebody, provider).status_code == 303
    provider.control(rotate=True)
    assert come_back(app.test_client(), provider).status_code == 303


def test_what_the_id_token_leaves_out_is_asked_of_userinfo(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    provider.control(without=["email", "email_verified"])
    assert come_back(somebody, provider).status_code == 303
    assert linked(desk) == [("admin@desk.example", "1")]


def test_userinfo_about_somebody_else_is_not_believed(somebody: FlaskClient, provider: IdentityProvider) -> None:
    provider.control(without=["email"], userinfo={"sub": "7"})
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "could not be verified", "id_token", logs)


def test_a_disabled_account_is_refused_as_with_a_password(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    assert come_back(somebody, provider).status_code == 303
    with desk.db.transaction() as session:
        user = users.by_email(session, "admin@desk.example")
        assert user is not None
        users.disable(session, user.id, at=clock.now(), actor=SETUP)
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "This account is disabled. An administrator can enable it.", "disabled", logs)


def test_another_identity_with_the_address_of_somebody_who_is_linked_is_refused(
    somebody: FlaskClient, app: Flask, desk: Runtime, provider: IdentityProvider
) -> None:
    assert come_back(somebody, provider).status_code == 303
    provider.control(claims={"email": "admin@desk.example"})
    other = app.test_client()
    with capture_logs() as logs:
        answer = come_back(other, provider, "stranger")
    refused(other, answer, 403, "is linked to another identity at this provider", "other_identity", logs)


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["desk-admins", "else"], ["admin"]),
        ("finance", ["approver"]),
        (["desk-admins", "finance"], ["admin", "approver"]),
    ],
)
def test_roles_follow_the_groups_at_each_sign_in(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, groups: Any, roles: list[str]
) -> None:
    desk.settings.oidc_roles_claim, desk.settings.oidc_roles = (
        "acme.groups",
        {"desk-admins": "admin", "finance": "approver"},
    )
    provider.control(claims={"acme": {"groups": groups}})
    assert come_back(somebody, provider, "agent").status_code == 303
    with desk.db.reading() as session:
        user = users.by_email(session, "agent@desk.example")
        assert user is not None
        assert sorted(role.name for role in user.roles) == roles
    assert ("user.roles", "oidc:sign-in") in actions(desk)


@pytest.mark.parametrize("fault", [{}, {"claims": {"groups": ["else"]}}, {"claims": {"groups": 7}}])
def test_without_a_group_that_has_a_role_the_desk_is_closed_unless_it_is_opened(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider, fault: dict[str, Any]
) -> None:
    desk.settings.oidc_roles_claim, desk.settings.oidc_roles = "groups", {"desk-admins": "admin"}
    provider.control(**fault)
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "None of your groups at the identity provider has a role", "no_role", logs)
    desk.settings.oidc_default_roles = ["viewer"]
    assert come_back(somebody, provider).status_code == 303
    assert somebody.get("/users").status_code == 403


def test_very_many_failed_returns_from_one_address_are_not_asked_about_any_more(
    somebody: FlaskClient, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.users.login_throttle.PER_ADDRESS", 1)
    for _ in range(3):
        assert somebody.get("/sign-in/provider/callback?state=x&code=y").status_code == 400
    address = provider.answer(leave(somebody))
    assert arrive(somebody, address.replace("code=", "code=x")).status_code == 400
    with capture_logs() as logs:
        answer = come_back(somebody, provider)
    refused(somebody, answer, 403, "Too many failed sign-ins from here. Try again in 15 minutes.", "locked", logs)
    assert send(somebody, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303


def test_a_redirect_of_the_provider_is_not_followed(
    somebody: FlaskClient, desk: Runtime, provider: IdentityProvider
) -> None:
    desk.settings.oidc_issuer = f"{provider.origin}/moved"
    with capture_logs() as logs:
        answer = somebody.get("/sign-in/provider")
    refused(somebody, answer, 503, "does not answer as it should just now", "provider_away", logs)


def test_a_provider_that_answers_without_end_is_cut_off(
    somebody: FlaskClient, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.providers.oidc.transport.MOST_BYTES", 100)
    with capture_logs() as logs:
        answer = somebody.get("/sign-in/provider")
    refused(somebody, answer, 503, "does not answer as it should just now", "provider_away", logs)
