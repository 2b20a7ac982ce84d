"""People for tests: an application on SQLite with one of each role, and clients that are signed in."""

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp import clock
from webapp.app import create_app
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.runtime import Runtime
from webapp.services.users import users

PASSWORD = "seven quiet herons"
PAGES_OF_PEOPLE = (
    "/",
    "/users",
    "/users/1",
    "/users/add",
    "/tokens",
    "/profile",
    "/profile/second-factor",
    "/profile/passkeys",
)
"""The Overview, and the pages about people and how they sign in, as an administrator opens them."""
SETUP = Actor("cli", None, "setup", ROLES["admin"])


def add_people(runtime: Runtime) -> None:
    """One person of each role: admin@desk.example and so on."""
    with runtime.db.transaction() as session:
        for role in ROLES:
            users.create(
                session,
                email=f"{role}@desk.example",
                name=f"The {role}",
                roles=[role],
                password=PASSWORD,
                at=clock.now(),
                actor=SETUP,
            )


@pytest.fixture
def desk(sqlite_runtime: Runtime, sqlite_with_people: Path, tmp_path: Path) -> Runtime:
    """A desk where each role has its person."""
    pool: Any = sqlite_runtime.db.engine.pool
    if pool.checkedin() or pool.checkedout():  # Something was written for this test already.
        add_people(sqlite_runtime)
    else:
        shutil.copy(sqlite_with_people, tmp_path / sqlite_with_people.name)
    return sqlite_runtime


@pytest.fixture
def app(desk: Runtime) -> Flask:
    """The web application over it."""
    made = create_app(desk)
    made.testing = False
    return made


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """Sign somebody in: `sign_in("agent")` is a client with a session."""

    def signed_in(role: str, password: str = PASSWORD) -> FlaskClient:
        client = app.test_client()
        answer = send(client, "/sign-in", email=f"{role}@desk.example", password=password)
        assert answer.status_code == 303, answer.text
        return client

    return signed_in


@pytest.fixture
def somebody(app: Flask) -> FlaskClient:
    """A browser of nobody."""
    return app.test_client()


def send(client: FlaskClient, path: str, *, page: str | None = None, **fields: Any) -> Any:
    """Load the page, fill in its form and send it: hidden fields, and the password where it is asked again."""
    shown = client.get(page or path).text
    if 'name="secret"' in shown:
        fields = {"secret": PASSWORD} | fields
    return client.post(path, data=hidden(shown, path) | fields)


def hidden(page: str, action: str = "") -> dict[str, str]:
    """The hidden fields of the page's form to this address; of the last form when none names it."""
    forms = re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", page, re.S)
    fitting = [form for form in forms if f'action="{action}' in form] or forms
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", fitting[-1])
    return {_named(one, "name"): _named(one, "value") for one in inputs}


def _named(tag: str, attribute: str) -> str:
    found = re.search(rf'\b{attribute}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""
