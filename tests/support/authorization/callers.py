"""Everybody who may ask: nobody, a person of each role, a token of each scope, and the token of cron."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import settings_for
from tests.support.people import PASSWORD, SETUP, add_people, hidden, send
from webapp import clock
from webapp.api.jobs import legacy_cron_jobs
from webapp.app import create_app
from webapp.domain.permissions import ROLES, SCOPES, of_scopes
from webapp.runtime import Runtime, build_runtime
from webapp.security.access import OF_CRON, PUBLIC, SIGNED_IN
from webapp.services.users import api_tokens

CRON = "(cron)"
"""The token of CRON_SECRET_TOKEN."""
_CRON_SECRET = "c" * 40
WEBHOOK_SECRETS = {
    "paystack_secret_key": "sk_test_of_the_matrix",
    "flutterwave_webhook_secret": "hash-of-the-matrix",
    "blnk_webhook_secret": "secret-of-the-matrix",
}


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, with what proves it, and the permissions that the declarations give them."""

    name: str
    client: FlaskClient
    headers: dict[str, str]
    permissions: frozenset[str]
    kind: str
    """`nobody`, `person` or `token`."""

    def ask(self, path: str, method: str = "GET", **more: Any) -> TestResponse:
        """What the desk answers, read to its end: a stream that is left half-read keeps its caller for the next."""
        headers = self.headers | more.pop("headers", {})
        return self.client.open(path, method=method, headers=headers, buffered=True, **more)

    def may(self, permission: str, *, page: bool) -> bool:
        """Whether the declaration lets this caller in. Pages are for people."""
        if permission == PUBLIC:
            return True
        if permission == OF_CRON:
            return self.name == CRON
        if self.kind == "nobody" or (page and self.kind != "person"):
            return False
        return permission == SIGNED_IN or permission in self.permissions


@dataclass(frozen=True)
class World:
    """A desk of its own, and everybody who asks it."""

    runtime: Runtime
    app: Flask
    callers: list[Caller]
    every_scope: Caller
    """A token that has all of them; not among the callers."""

    def person(self, role: str) -> Caller:
        """The person with this role."""
        return next(caller for caller in self.callers if caller.kind == "person" and caller.name == role)

    def token(self, scope: str) -> Caller:
        """The token with this scope."""
        return next(caller for caller in self.callers if caller.kind == "token" and caller.name == scope)

    @property
    def nobody(self) -> Caller:
        """Who is signed out and has no token."""
        return self.callers[0]


@contextmanager
def world(template: Path, folder: Path) -> Iterator[World]:
    """A desk on a copy of the migrated database, with nothing in it but people and tokens."""
    url = f"sqlite:///{shutil.copy(template, folder / 'desk.sqlite3')}"
    runtime = build_runtime(settings_for(url, folder, cron_secret_token=_CRON_SECRET, **WEBHOOK_SECRETS))
    add_people(runtime)
    app = create_app(runtime)
    app.testing = False
    nobody = Caller("nobody", app.test_client(), {}, frozenset(), "nobody")
    people = [signed_in(app, role) for role in ROLES]
    one_each = {scope: _secret(runtime, [scope]) for scope in SCOPES}
    tokens = [_token(app, scope, secret, of_scopes([scope])) for scope, secret in one_each.items()]
    every_scope = _token(app, "every scope", _secret(runtime, list(SCOPES)), of_scopes(list(SCOPES)))
    of_cron = _token(app, CRON, _CRON_SECRET, of_scopes(["jobs"]))
    with patch.object(legacy_cron_jobs, "LONGEST_WAIT", 0):
        yield World(runtime, app, [nobody, *people, *tokens, of_cron], every_scope)
    runtime.db.close()


def signed_in(app: Flask, role: str) -> Caller:
    """The person of this role, signed in; what they send carries the CSRF token of their session."""
    client = app.test_client()
    answer = send(client, "/sign-in", email=f"{role}@desk.example", password=PASSWORD)
    assert answer.status_code == 303, answer.text
    csrf = hidden(client.get("/profile/").text)["csrf_token"]
    return Caller(role, client, {"X-CSRFToken": csrf}, ROLES[role], "person")


def _secret(runtime: Runtime, scopes: list[str]) -> str:
    with runtime.db.transaction() as session:
        _, secret = api_tokens.create(
            session, name=" ".join(scopes)[:60], scopes=scopes, expires_at=None, at=clock.now(), actor=SETUP
        )
    return secret


def _token(app: Flask, name: str, secret: str, permissions: frozenset[str]) -> Caller:
    return Caller(name, app.test_client(), {"Authorization": f"Bearer {secret}"}, permissions, "token")
