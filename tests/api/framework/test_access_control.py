"""Every declared address, asked by nobody, by a stranger, and by somebody without its permission."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tests.support.arguments import ByActor
from tests.support.people import SETUP
from webapp import clock
from webapp.api import all_endpoints
from webapp.api.framework.routing import Endpoint
from webapp.app import create_app
from webapp.domain.permissions import SCOPES
from webapp.runtime import build_runtime
from webapp.services.users import api_tokens

Tokens = dict[str, str]


@pytest.fixture(scope="module")
def asked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FlaskClient, Tokens]]:
    """One desk for all of them, since nothing may change in it, and a token of each scope."""
    folder = tmp_path_factory.mktemp("gate")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'desk.sqlite3')}"
    runtime = build_runtime(settings_for(url, folder, cron_secret_token="c" * 40))
    with runtime.db.transaction() as session:
        how: ByActor = {"at": clock.now(), "actor": SETUP}
        made = {
            scope: api_tokens.create(session, name=scope, scopes=[scope], expires_at=None, **how)[1] for scope in SCOPES
        }
    yield create_app(runtime).test_client(), made
    runtime.db.close()


@pytest.mark.parametrize("endpoint", list(all_endpoints()), ids=lambda endpoint: endpoint.name)
def test_only_who_holds_the_permission_is_let_in(asked: tuple[FlaskClient, Tokens], endpoint: Endpoint) -> None:
    client, made = asked
    path = re.sub(r"<\w+>", "thing", re.sub(r"<id:\w+>", "1", endpoint.path))
    lacking = [made[scope] for scope, permissions in SCOPES.items() if endpoint.permission not in permissions]
    assert lacking
    for secret, status in [(None, 401), ("wrong", 401), *[(secret, 403) for secret in lacking]]:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        answer = client.open(path, method=endpoint.method, headers=headers, json={})
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert answer.get_json()["detail"]
        assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
