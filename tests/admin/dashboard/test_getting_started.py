"""Getting started: each step is ticked by what is true on the desk, never by hand."""

import html
import json
import re
import shlex
import subprocess
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from tests.support.market import Market
from tests.support.people import send
from tests.support.served import address  # noqa: F401
from webapp import clock
from webapp.admin.dashboard.getting_started import command
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import ApiToken, Audit, User
from webapp.providers import key_checks
from webapp.providers.key_checks import KeyFinding
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.read_models import first_steps
from webapp.services.users import api_tokens, users

SignIn = Callable[..., FlaskClient]
PAGE = "/getting-started/"


def ticked(client: FlaskClient) -> list[str]:
    return re.findall(r'data-step="(\w+)" data-done', client.get(PAGE).text)


def test_each_step_ticks_itself_by_what_is_true(
    desk: Runtime, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = sign_in("admin")
    with desk.db.transaction() as session:
        for user in session.scalars(select(User).where(User.email != "admin@desk.example")):
            session.delete(user)
    assert ticked(admin) == ["administrator"]
    send(admin, "/invitations/add", email="kofi@desk.example", roles=["agent"])
    assert ticked(admin) == ["administrator", "colleagues"]
    with desk.db.transaction() as session:
        actor = users.actor_of(users.by_email(session, "admin@desk.example") or User())
        limits.set_limits(session, {"KES": 100}, at=clock.now(), actor=actor)
        first_steps.record_check(session, [KeyFinding("paystack", True, "It does.")], at=clock.now(), actor=actor)
    assert ticked(admin) == ["administrator", "providers", "limits", "colleagues"]
    shown = send(admin, "/getting-started/token")
    secret = re.findall(r"Bearer ([\w-]+)", shown.text)[0]
    with desk.db.transaction() as session:
        Market(session, desk).escrow()
    assert ticked(admin)[-2:] == ["token", "orders"]
    assert "Getting started: 6 of 7" in admin.get("/").text
    answer = admin.application.test_client().get("/api/v1/orders", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert ticked(admin)[-1] == "api"
    assert "Getting started" not in admin.get("/").text
    with desk.db.transaction() as session:
        first_steps.record_check(session, [KeyFinding("paystack", False, "No.")], at=clock.now(), actor=actor)
    assert "providers" not in ticked(admin)


def test_the_providers_are_asked_and_what_they_say_is_said(
    desk: Runtime, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = sign_in("admin")
    answer = send(admin, "/getting-started/providers")
    assert "No provider is set up, so none was asked." in admin.get(answer.headers["Location"]).text
    assert "None is set up." in admin.get(PAGE).text
    asked = []

    def answered(provider: str) -> KeyFinding:
        asked.append(provider)
        return KeyFinding(provider, provider == "one", f"{provider} has answered.")

    monkeypatch.setattr(key_checks, "check_key", answered)
    monkeypatch.setitem(vars(desk.providers), "payment_collectors", {"one": "one", "two": "two"})
    answer = send(admin, "/getting-started/providers")
    assert asked == ["one", "two"]
    assert "one has answered. two has answered." in admin.get(answer.headers["Location"]).text
    assert "providers" not in ticked(admin)
    with desk.db.reading() as session:
        kept = session.scalars(select(Audit).where(Audit.action == "provider.keys_refused").order_by(Audit.id)).all()
    assert "two has answered." in (kept[-1].after or "")


def test_the_command_works_as_it_stands(desk: Runtime, address: str) -> None:
    """Really typed into a shell, against a desk that is served."""
    with desk.db.transaction() as session:
        actor = users.actor_of(users.by_email(session, "admin@desk.example") or User())
        _token, secret = api_tokens.create(
            session, name="Try", scopes=["orders"], at=clock.now(), actor=actor, expires_at=None
        )
    shown = command(desk.settings.public_address, secret)
    done = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stdout)["data"] == []
    with desk.db.reading() as session:
        assert session.scalars(select(ApiToken.last_used_at)).one() is not None


def test_the_page_shows_that_command_once(desk: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    page = html.unescape(send(admin, "/getting-started/token").text)
    (shown,) = re.findall(r"<code>(curl .*?)</code>", page)
    words = shlex.split(shown)
    assert words[:2] == ["curl", "-H"]
    assert words[3] == f"{desk.settings.public_address}/api/v1/orders"
    assert words[2].partition("Bearer ")[2] not in admin.get("/tokens/").text


def test_who_may_not_do_a_step_reads_who_can(desk: Runtime, sign_in: SignIn) -> None:
    page = sign_in("agent").get(PAGE).text
    assert "Ask somebody with the role admin." in page
    assert "/invitations/add" not in page
    assert sign_in("agent").post("/getting-started/token", data={}).status_code == 403


def test_it_is_hidden_for_all_and_shown_again_with_a_record(desk: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    assert "Getting started" in admin.get("/").text
    send(admin, "/getting-started/hide")
    assert "Getting started" not in admin.get("/").text
    assert "Getting started" not in sign_in("viewer").get("/").text
    send(admin, "/getting-started/show")
    assert "Getting started" in admin.get("/").text
    with desk.db.reading() as session:
        actions = list(session.scalars(select(Audit.action).where(Audit.action.like("settings.getting%"))))
    assert sorted(actions) == ["settings.getting_started_hidden", "settings.getting_started_shown"]


def test_all_steps_are_asked_by_one_statement(desk: Runtime) -> None:
    statements: list[str] = []
    event.listen(desk.db.engine, "before_cursor_execute", lambda *asked: statements.append(asked[2]))
    with desk.db.reading() as session:
        first_steps.read(session)
    assert len([each for each in statements if "EXISTS" in each.upper()]) == 1


def test_a_desk_without_orders_says_so_and_praises_no_job(desk: Runtime, sign_in: SignIn) -> None:
    register_jobs(desk)
    pages = {path: sign_in("admin").get(path).text for path in ("/", "/jobs/", "/tonight/")}
    assert "No orders yet." in pages["/"]
    assert "on time" not in re.sub(r"<title>.*?</title>", "", pages["/"])
    assert "not run yet" in pages["/"]
    assert 'class="badge good' not in pages["/jobs/"].partition("<main")[2]
    assert "due, and nothing freezes them" not in pages["/"]
