"""A database that is away, busy, full or read-only is a 503 with a true sentence, in pages and in the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text

from tests.api.conftest import Api
from tests.support.people import PASSWORD, hidden, send
from webapp.db import Database
from webapp.db_failures import AWAY, BUSY, CommitInDoubt, failure_of
from webapp.models import Party
from webapp.runtime import Runtime

PARTIES = "/api/v1/parties"
NEW = {"ref": "p-1", "name": "P. One"}


@contextmanager
def statement_on_connect(db: Database, statement: str) -> Iterator[None]:
    """Every connection of the desk begins with this statement."""
    db.close()

    def begin(connection: Any, _record: Any) -> None:
        connection.execute(statement)
        if not db.is_sqlite:
            connection.commit()

    event.listen(db.engine, "connect", begin)
    yield
    event.remove(db.engine, "connect", begin)
    db.close()


def read_only(db: Database) -> str:
    return "PRAGMA query_only = ON" if db.is_sqlite else "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


@contextmanager
def away(place: Runtime) -> Iterator[None]:
    """The server is gone for this desk: no connection is left, and none is to be had."""
    if place.db.is_sqlite:
        pytest.skip("SQLite is a file")
    url = place.settings.database_url
    name = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(url.replace(f"/{name}", "/postgres", 1), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@contextmanager
def held_by_another(place: Runtime) -> Iterator[None]:
    """Somebody else holds the lock that every new party needs."""
    with place.db.engine.connect().execution_options(desk_writes=True) as other:
        if not place.db.is_sqlite:
            other.execute(text("LOCK TABLE party IN EXCLUSIVE MODE"))
        else:
            other.execute(text("SELECT 1"))
        yield
        other.rollback()


@contextmanager
def lost_at_commit(db: Database) -> Iterator[None]:
    """The server goes away right before it is told to commit."""

    def end(connection: Any) -> None:
        pid = connection.connection.dbapi_connection.info.backend_pid
        with psycopg.connect(connection.engine.url.set(drivername="postgresql").render_as_string(False)) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    event.listen(db.engine, "commit", end)
    yield
    event.remove(db.engine, "commit", end)


def require_unavailable(answer: Any, sentence: str, effect: str) -> None:
    assert answer.status_code == 503, answer.text
    said = answer.json["detail"] if answer.is_json else answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "Try again" not in said or f"Try again in {answer.headers['Retry-After']} seconds" in said
    assert sentence in said
    assert effect in said
    if answer.content_type.startswith("application/problem"):
        assert answer.json["title"] == "Unavailable"


def test_a_database_that_is_away(place: Runtime, api: Api, web: Flask) -> None:
    pages = signed_in(web)
    with away(place):
        require_unavailable(api.get(PARTIES), "can't be reached", "Try again in 5")
        require_unavailable(api.post(PARTIES, NEW), "can't be reached", "Nothing was changed.")
        shown = pages.get("/parties")
        require_unavailable(shown, "be reached just now", "Try again in 5")
        assert "Nothing was changed" not in shown.text
        assert pages.get("/livez").status_code == 200
        assert "PostgreSQL doesn't answer" in api.get("/readyz").json["checks"]["database"]
    assert api.post(PARTIES, NEW).status_code == 201


def test_a_lock_that_is_waited_for_too_long(place: Runtime, api: Api) -> None:
    assert api.get(PARTIES).status_code == 200
    with held_by_another(place):
        require_unavailable(api.post(PARTIES, NEW), "busy", "Nothing was changed. Try again in 2 seconds.")
    assert api.post(PARTIES, NEW).status_code == 201


def test_a_database_that_takes_no_changes(place: Runtime, api: Api, web: Flask) -> None:
    pages = signed_in(web)
    token = hidden(pages.get("/profile").text, "/profile/zone")
    api.get(PARTIES)
    with statement_on_connect(place.db, read_only(place.db)):
        require_unavailable(api.post(PARTIES, NEW), "takes no changes", "Nothing was changed.")
        refused = pages.post("/profile/zone", data=token | {"zone": "Africa/Kampala"})
        require_unavailable(refused, "takes no changes", "Nothing was changed.")
        ready = api.get("/readyz")
        assert ready.status_code == 503
        assert "takes no changes" in ready.json["checks"]["writes"]
        assert api.get(PARTIES).status_code == 200
    assert api.post(PARTIES, NEW).status_code == 201


def test_a_full_disk(place: Runtime, api: Api) -> None:
    if not place.db.is_sqlite:  # its code 53100 is in the table below
        pytest.skip("a full disk needs a disk of its own")
    api.get(PARTIES)
    with place.db.reading() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
    with statement_on_connect(place.db, f"PRAGMA max_page_count = {pages}"):
        long = {"ref": "p-1", "name": "é" * 200}
        answers = [api.post(PARTIES, long | {"ref": f"p-{n}"}) for n in range(200)]
        full = next(answer for answer in answers if answer.status_code != 201)
        require_unavailable(full, "no room left", "Nothing was changed. Try again in 60 seconds.")
    with place.db.reading() as session:
        kept = session.scalars(select(func.count()).select_from(Party)).one()
    assert kept == sum(answer.status_code == 201 for answer in answers)


def test_a_lost_acknowledgement_is_said_to_be_unknown(place: Runtime, api: Api, web: Flask) -> None:
    if place.db.is_sqlite:
        pytest.skip("SQLite answers from the same process")
    pages = signed_in(web)
    token = hidden(pages.get("/profile").text, "/profile/zone")
    api.get(PARTIES)
    with lost_at_commit(place.db):
        answer = api.post(PARTIES, NEW, key="k-1")
        require_unavailable(answer, "can't be reached", "may or may not have been done")
        assert "Nothing was changed" not in answer.text
        assert "Idempotency-Key" in answer.json["detail"]
        shown = pages.post("/profile/zone", data=token | {"zone": "Africa/Kampala"})
        require_unavailable(shown, "be reached", "may or may not have been done")
        assert "Nothing was changed" not in shown.text
    assert api.post(PARTIES, NEW, key="k-1").status_code == 201


def test_a_failure_after_the_commit_does_not_say_that_nothing_was_changed(
    place: Runtime, web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = signed_in(web)
    monkeypatch.setattr("webapp.admin.ui.actions.form_action.flash", raising)
    web.testing = False
    token = hidden(pages.get("/profile").text, "/profile/zone")
    shown = pages.post("/profile/zone", data=token | {"zone": "Africa/Kampala"})
    assert shown.status_code == 500
    assert "Nothing was changed" not in shown.text
    assert "was saved" in shown.text


def raising(*_: object, **__: object) -> None:
    raise RuntimeError("a mistake")


def signed_in(web: Flask) -> FlaskClient:
    client = web.test_client()
    assert send(client, "/sign-in", email="admin@desk.example", password=PASSWORD).status_code == 303
    return client


@pytest.mark.parametrize(
    ("state", "failure"),
    [("08006", AWAY), ("57P01", AWAY), ("57014", BUSY), ("40P01", BUSY), ("53300", BUSY), ("23505", None)],
)
def test_the_codes_of_postgresql(state: str, failure: Any) -> None:
    problem = CommitInDoubt("", {}, _Coded(state))
    assert failure_of(problem) is failure


class _Coded(Exception):
    def __init__(self, state: str) -> None:
        super().__init__("said")
        self.sqlstate = state
