"""The identity provider's process, as tests drive it: people sign in at its own pages."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.oidc_account import CLIENT_ID, CLIENT_SECRET, PASSWORD
from tests.support.paths import ROOT
from tests.support.people import SETUP
from webapp.models import Audit, User, UserIdentity
from webapp.runtime import Runtime

CALLBACK = "http://localhost:8000/sign-in/provider/callback"


class IdentityProvider:
    """A provider under way."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.origin}/o"
        self._browsers: dict[str, requests.Session] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What an operator sets for it."""
        return {"oidc_issuer": self.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}

    def control(self, **faults: Any) -> None:
        """Switch these faults on, and the former ones off."""
        requests.post(f"{self.origin}/control", json=faults, timeout=10).raise_for_status()

    def answer(self, address: str, username: str = "admin") -> str:
        """Follow the desk's redirect as somebody who signs in there; where the provider sends the browser then."""
        browser = self._browsers.setdefault(username, requests.Session())
        response = browser.get(address, allow_redirects=False, timeout=10)
        while (place := response.headers.get("Location", "")).startswith(("/", self.origin)):
            response = browser.get(urljoin(self.origin, place), allow_redirects=False, timeout=10)
            if "csrfmiddlewaretoken" in response.text:
                token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', response.text)
                assert token is not None
                form = {"csrfmiddlewaretoken": token[1], "username": username, "password": PASSWORD}
                response = browser.post(response.url, data=form, allow_redirects=False, timeout=10)
        assert place, response.text
        return place


@contextmanager
def running(folder: Path) -> Iterator[IdentityProvider]:
    """The provider's process, for as long as it is needed."""
    command = [sys.executable, "-m", "tests.support.oidc_server", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield IdentityProvider(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    """One provider for every test of this process."""
    with running(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(provider_process: IdentityProvider, desk: Runtime) -> IdentityProvider:
    """The provider without faults, and a desk that is set up for it."""
    provider_process.control(redirect_uris=CALLBACK, logout_uris="http://localhost:8000/sign-in")
    for name, value in provider_process.settings.items():
        setattr(desk.settings, name, value)
    return provider_process


def come_back(client: FlaskClient, provider: IdentityProvider, username: str = "admin", start: str = "") -> Any:
    """Go to the provider, sign in there and come back."""
    return arrive(client, provider.answer(leave(client, start), username))


def leave(client: FlaskClient, start: str = "") -> str:
    """Where the desk sends the browser."""
    answer = client.get(start or "/sign-in/provider")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def arrive(client: FlaskClient, address: str) -> Any:
    """Open the address to which the provider has sent the browser."""
    assert address.startswith(CALLBACK), address
    return client.get(address.removeprefix("http://localhost:8000"))


def linked(desk: Runtime) -> list[tuple[str, str]]:
    """Who is linked, by address, and the subject."""
    with desk.db.reading() as session:
        rows = session.execute(select(User.email, UserIdentity.subject).join(User, User.id == UserIdentity.user_id))
        return [(email, subject) for email, subject in rows]


def actions(desk: Runtime) -> list[tuple[str, str]]:
    """What the audit trail has since the people were added."""
    with desk.db.reading() as session:
        rows = session.execute(select(Audit.action, Audit.actor).order_by(Audit.pos))
        return [(action, actor) for action, actor in rows if actor != SETUP.key]
