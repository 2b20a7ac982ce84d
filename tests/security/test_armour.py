"""Closed by default, CSRF, headers, limits and errors."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import PAGES_OF_PEOPLE, PASSWORD, hidden, send
from webapp.app import create_app
from webapp.domain.permissions import ROLES
from webapp.runtime import Runtime
from webapp.security import needs
from webapp.security.access import permission_of
from webapp.services.users import api_tokens
from webapp.settings import load_settings

SignIn = Callable[..., FlaskClient]


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    silent = {
        rule.endpoint for rule in app.url_map.iter_rules() if permission_of(app.view_functions[rule.endpoint]) is None
    }
    assert silent == set()


def test_a_route_that_declares_nothing_is_closed_even_to_admins(desk: Runtime, app: Flask, sign_in: SignIn) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    answer = sign_in("admin").get("/forgotten")
    assert answer.status_code == 403
    assert "nobody may" in answer.text


def test_a_route_asks_for_its_permission(app: Flask, sign_in: SignIn) -> None:
    app.add_url_rule("/runs-only", "runs_only", needs("job:run")(lambda: "ran"))
    assert sign_in("operator").get("/runs-only").text == "ran"
    refused = sign_in("viewer").get("/runs-only")
    assert refused.status_code == 403
    assert "needs the permission job:run" in refused.text


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_only_admins_see_users_and_tokens(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    assert client.get("/users").status_code == client.get("/tokens").status_code == 403
    assert 'href="/users' not in client.get("/profile").text


def test_a_form_without_its_csrf_token_changes_nothing(sign_in: SignIn) -> None:
    client = sign_in("admin")
    answer = client.post("/users/add", data={"name": "Eve", "email": "eve@desk.example", "roles": "admin"})
    assert answer.status_code == 400
    assert "came from elsewhere" in answer.text
    assert "eve@desk.example" not in client.get("/users").text


def test_signing_in_needs_a_csrf_token_too(somebody: FlaskClient) -> None:
    assert somebody.post("/sign-in", data={"email": "admin@desk.example", "password": "x"}).status_code == 400


def test_pages_carry_a_strict_policy_with_a_nonce_of_their_own(somebody: FlaskClient) -> None:
    first, second = somebody.get("/sign-in"), somebody.get("/sign-in")
    policy = first.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert policy != second.headers["Content-Security-Policy"]
    assert first.headers["X-Frame-Options"] == "DENY"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in first.headers["Permissions-Policy"]
    assert first.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in first.headers


def test_https_is_remembered(somebody: FlaskClient) -> None:
    answer = somebody.get("/sign-in", base_url="https://desk.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_no_page_has_what_the_policy_would_block(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for path in PAGES_OF_PEOPLE:
        page = client.get(path).text
        assert " style=" not in page, path
        assert " onclick=" not in page, path
        assert "http://" not in page.replace("http://www.w3.org", ""), path
        assert "https://" not in page, path


def test_the_cookie_of_production_is_bound_to_host_and_https(desk: Runtime) -> None:
    settings = load_settings(
        env="production",
        secret_key="k" * 40,
        database_url="postgresql:///x",
        redis_url="redis://r",
        trusted_hosts="desk.example",
    )
    app = create_app(Runtime(settings, desk.db))
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.test_client().get("/livez", base_url="https://evil.example").status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.example", "desk.example.evil.example:8000", "<b>", "a" * 5_000, "desk.example:x"]
)
def test_below_another_host_a_person_is_told_so_on_a_page_and_a_program_as_a_problem(desk: Runtime, host: str) -> None:
    app = create_app(desk)
    app.config["TRUSTED_HOSTS"] = ["desk.example"]
    client = app.test_client()
    page = client.get("/escrows/", headers={"Host": host, "Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert "does not answer to the name" in page.text
    assert html.escape(host[:100]) in page.text
    assert len(page.data) < 5_000
    answer = client.get("/api/v1/escrows", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "TRUSTED_HOSTS" in answer.get_json()["detail"]


def test_a_form_behind_a_proxy_on_another_port_works_or_says_what_the_proxy_must_send(desk: Runtime) -> None:
    app = create_app(desk)
    app.config["TRUSTED_HOSTS"] = ["desk.example"]
    client = app.test_client()
    seen = {"Referer": "https://desk.example:8443/sign-in"}

    def sent(host: str, referrer: dict[str, str]) -> Any:
        base = f"https://{host}"
        fields = hidden(client.get("/sign-in", base_url=base).text) | {"email": "admin@desk.example"}
        return client.post("/sign-in", base_url=base, headers=referrer, data=fields | {"password": PASSWORD})

    without_port = sent("desk.example", seen)
    said = html.unescape(without_port.text)
    assert (without_port.status_code, "has this desk at desk.example:8443" in said) == (400, True)
    assert "proxy_set_header Host $http_host;" in said
    elsewhere = sent("desk.example", {"Referer": "https://evil.example/"})
    assert (elsewhere.status_code, "came from elsewhere" in elsewhere.text) == (400, True)
    assert sent("desk.example:8443", seen).status_code == 303


def test_cookies_that_open_something_are_out_of_reach_of_scripts_and_of_other_sites(somebody: FlaskClient) -> None:
    answer = send(somebody, "/sign-in", email="admin@desk.example", password=PASSWORD)
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"desk_session", "desk_device"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie for cookie in cookies)


def test_no_other_site_may_read_an_answer(somebody: FlaskClient) -> None:
    for path in ("/sign-in", "/api/openapi.json", "/api/v1/escrows", "/static/desk.css"):
        answer = somebody.get(path, headers={"Origin": "https://evil.example"})
        assert [name for name, _value in answer.headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")])
def test_the_callers_address_is_what_as_many_proxies_as_are_trusted_say(desk: Runtime, proxies: int, seen: str) -> None:
    desk.settings.trusted_proxies = proxies
    client = create_app(desk).test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.1, 203.0.113.9, 198.51.100.7"
    assert send(client, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    assert seen in client.get("/profile/").text


@pytest.mark.parametrize(
    ("handed_on", "seen"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("unknown", "127.0.0.1"),
        ("x" * 300, "127.0.0.1"),
        ("fe80::1%" + "x" * 300, "127.0.0.1"),
    ],
)
def test_what_a_proxy_hands_on_is_an_address_or_its_own_counts(desk: Runtime, handed_on: str, seen: str) -> None:
    desk.settings.trusted_proxies = 1
    client = create_app(desk).test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = handed_on
    assert send(client, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    assert seen in client.get("/profile/").text


def test_no_folder_is_listed(somebody: FlaskClient) -> None:
    assert {somebody.get(path).status_code for path in ("/static/", "/static/..", "/static/%2e%2e/pyproject.toml")} == {
        404
    }


def test_what_is_typed_as_a_password_is_not_shown(somebody: FlaskClient) -> None:
    [field] = re.findall(r'<input[^>]*name="password"[^>]*>', somebody.get("/sign-in").text)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field


def test_no_address_answers_trace(somebody: FlaskClient) -> None:
    answers = [somebody.open(path, method="TRACE") for path in ("/", "/sign-in", "/api/v1/escrows")]
    assert {each.status_code for each in answers} == {405}
    # Which methods an address does have is what a 405 is for.
    assert all("GET" in each.headers["Allow"] and "TRACE" not in each.headers["Allow"] for each in answers)


def test_machines_get_errors_as_problem_json(somebody: FlaskClient) -> None:
    answer = somebody.get("/api/v1/nothing-here")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_a_bug_is_a_page_that_tells_nothing(app: Flask, sign_in: SignIn) -> None:
    def broken() -> str:
        raise RuntimeError("the inner secret")

    app.add_url_rule("/broken", "broken", needs("job:read")(broken))
    answer = sign_in("viewer").get("/broken")
    assert answer.status_code == 500
    assert "the inner secret" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_decent_request_id_is_kept_and_another_replaced(somebody: FlaskClient) -> None:
    assert (
        somebody.get("/livez", headers={"X-Request-ID": "trace-12345678"}).headers["X-Request-ID"] == "trace-12345678"
    )
    assert "<" not in somebody.get("/livez", headers={"X-Request-ID": "<script>"}).headers["X-Request-ID"]


def test_a_token_is_its_own_actor_and_a_revoked_one_nobody(app: Flask, desk: Runtime, somebody: FlaskClient) -> None:
    from tests.support.people import SETUP
    from webapp import clock

    app.add_url_rule("/api/v1/runs-only", "runs_only", needs("job:run")(lambda: "ran"), methods=["POST"])
    app.add_url_rule("/api/v1/audit-only", "audit_only", needs("audit:read")(lambda: "read"))
    with desk.db.transaction() as session:
        token, secret = api_tokens.create(
            session, name="cron", scopes=["jobs"], expires_at=None, at=clock.now(), actor=SETUP
        )
    bearer = {"Authorization": f"Bearer {secret}"}
    assert somebody.post("/api/v1/runs-only", headers=bearer).text == "ran"
    assert somebody.get("/api/v1/audit-only", headers=bearer).status_code == 403
    with desk.db.transaction() as session:
        assert api_tokens.get(session, token.id).last_used_at is not None
        api_tokens.revoke(session, token.id, at=clock.now(), actor=SETUP)
    refused = somebody.post("/api/v1/runs-only", headers=bearer)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_browser_session_needs_its_csrf_token_at_the_api(app: Flask, sign_in: SignIn) -> None:
    app.add_url_rule("/api/v1/runs-only", "runs_only", needs("job:run")(lambda: "ran"), methods=["POST"])
    assert sign_in("operator").post("/api/v1/runs-only").status_code == 400


def test_a_bad_token_is_not_helped_by_a_good_session(app: Flask, sign_in: SignIn) -> None:
    app.add_url_rule("/api/v1/read", "read", needs("job:read")(lambda: "read"))
    assert sign_in("admin").get("/api/v1/read", headers={"Authorization": "Bearer desk_wrong"}).status_code == 401


def test_the_theme_is_kept_in_a_cookie(somebody: FlaskClient, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    send(client, "/theme", page="/profile", theme="dark")
    assert 'data-theme="dark"' in client.get("/profile").text


def test_over_https_the_theme_s_cookie_is_bound_to_the_host_too(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost").text
    data = hidden(page) | {"theme": "dark"}
    answer = client.post(
        "/theme", data=data, base_url="https://localhost", headers={"Referer": "https://localhost/sign-in"}
    )
    [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if "desk_theme" in each]
    assert cookie.startswith("__Host-desk_theme=dark;")
    assert "; Secure" in cookie
    assert 'data-theme="dark"' in client.get("/sign-in", base_url="https://localhost").text
