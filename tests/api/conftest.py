"""An API to call: on SQLite and on PostgreSQL, with tokens of every kind."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.arguments import ByActor
from tests.support.people import PASSWORD, SETUP, add_people, app, desk, send, sign_in, somebody  # noqa: F401
from webapp import clock
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.users import api_tokens


class Api:
    """Calls with one token, or none."""

    def __init__(self, client: FlaskClient, secret: str | None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(path, headers=self._headers, query_string=query or None)

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        more = {"Idempotency-Key": key} if key else {}
        return self._client.post(path, headers=self._headers | more, json={} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        return self._client.put(path, headers=self._headers, json=body)

    def delete(self, path: str, body: Any = None, **query: Any) -> Any:
        json = {} if body is None else body
        return self._client.delete(path, headers=self._headers, json=json, query_string=query or None)

    def raw(self, path: str, data: bytes, content_type: str) -> Any:
        return self._client.post(path, headers=self._headers, data=data, content_type=content_type)

    def made(self, path: str, body: Any) -> Any:
        """What a good POST answers."""
        answer = self.post(path, body)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json


Caller = Callable[..., Api]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Runtime:
    """A desk with jobs, limits and an admin, on each database."""
    runtime: Runtime = request.getfixturevalue("desk" if request.param == "sqlite" else "pg_runtime")
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 1_000_000}, at=clock.now(), actor=SETUP)
    if request.param != "sqlite":
        add_people(runtime)
    return runtime


@pytest.fixture
def web(place: Runtime) -> Flask:
    """The application over it."""
    return create_app(place)


@pytest.fixture
def caller(place: Runtime, web: Flask) -> Caller:
    """`caller("orders", "read")` calls with these scopes; `caller()` without a token."""

    def with_scopes(*scopes: str) -> Api:
        if not scopes:
            return Api(web.test_client(), None)
        with place.db.transaction() as session:
            daily = {"NGN": 10**9} if "parties:money" in scopes else {}
            how: ByActor = {"at": clock.now(), "actor": SETUP}
            _, secret = api_tokens.create(
                session, name="test", scopes=scopes, expires_at=None, daily_limits=daily, **how
            )
        return Api(web.test_client(), secret)

    return with_scopes


ON_SQLITE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""For what is refused, or read, before any row is asked for: the databases can't differ in it."""
ALL = ("read", "jobs", "jobs:pause", "orders", "escrows", "disputes", "parties", "parties:money", "tokens")


@pytest.fixture
def api(caller: Caller) -> Api:
    """A token that may do all that a token may."""
    return caller(*ALL)


def ngn(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "NGN"}


def a_party(api: Api, ref: str, wallet: bool = True) -> Any:
    return api.made("/api/v1/parties", {"ref": ref, "name": ref.title(), "currencies": ["NGN"] if wallet else []})


def an_order(api: Api, ref: str = "o-1", amount: int = 50_000, **more: Any) -> Any:
    """A paid order between two new parties."""
    a_party(api, f"{ref}-buyer")
    a_party(api, f"{ref}-seller")
    body = {"ref": ref, "buyer": f"{ref}-buyer", "seller": f"{ref}-seller", "amount": ngn(amount), "terms": "paid"}
    return api.made("/api/v1/orders", body | more)


def a_dispute(api: Api, escrow_id: int) -> Any:
    body = {"escrow_id": escrow_id, "claimant": "buyer", "reason_code": "not_delivered", "claim": "Nothing came."}
    return api.made("/api/v1/disputes", body)
