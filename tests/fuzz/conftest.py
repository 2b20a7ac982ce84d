"""A desk on PostgreSQL, which refuses more than SQLite does, behind a proxy; for all requests of a test process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tests.support.arguments import ByActor
from tests.support.people import PASSWORD, SETUP, add_people, send
from tests.support.postgresql import Server
from webapp import clock
from webapp.app import create_app
from webapp.domain.permissions import SCOPES
from webapp.runtime import build_runtime
from webapp.services.approvals import limits
from webapp.services.users import api_tokens


@dataclass(frozen=True)
class Desk:
    """The application, a browser of an administrator, one of nobody, and a token that may do all that one may."""

    app: Flask
    admin: FlaskClient
    nobody: FlaskClient
    token: str

    def ask(self, path: str, *, client: FlaskClient | None = None, method: str = "GET", **how: Any) -> Any:
        """The answer, which is never a broken page."""
        answer = (client or self.admin).open(path, method=method, **how)
        assert answer.status_code < 500, f"{answer.status_code} {path!r} {how!r}"
        return answer

    def call(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, **how: Any) -> Any:
        """The API's answer to the token."""
        carried = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        return self.ask(path, client=self.nobody, method=method, headers=carried, **how)


@pytest.fixture(scope="session")
def desk(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk: what is asked of it changes little."""
    url = pg.new_database()
    runtime = build_runtime(
        settings_for(url, tmp_path_factory.mktemp("fuzz"), trusted_proxies=1, api_rate_limit="1000000 per second")
    )
    add_people(runtime)
    with runtime.db.transaction() as session:
        how: ByActor = {"at": clock.now(), "actor": SETUP}
        limits.set_limits(session, {"NGN": 1_000_000}, **how)
        _, token = api_tokens.create(
            session, name="fuzz", scopes=list(SCOPES), expires_at=None, daily_limits={"NGN": 10**9}, **how
        )
    app = create_app(runtime)
    app.testing = False
    admin = app.test_client()
    assert send(admin, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    yield Desk(app, admin, app.test_client(use_cookies=False), token)
    runtime.db.close()
    pg.give_back(url)
