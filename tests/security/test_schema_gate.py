"""A database of another version: nobody is let near it, and everybody is told why."""

from pathlib import Path

import fakeredis
import pytest
from redis import Redis
from sqlalchemy import text

from tests.conftest import settings_for
from tests.support.postgresql import Server
from webapp import migrations, schema
from webapp.app import create_app
from webapp.db import Database
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.processes.worker import RunWorker
from webapp.jobs.run_job import run_job
from webapp.jobs.steps.database_schema import schema_is_usable
from webapp.migrations import newest, upgrade
from webapp.runtime import Runtime, build_runtime
from webapp.schema import SchemaUnusable
from webapp.security import schema_gate

OLDER = "0058"


def at_revision(runtime: Runtime, revision: str) -> None:
    with runtime.db.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def change(runtime: Runtime, statement: str) -> None:
    with runtime.db.transaction() as session:
        session.execute(text(statement))
    schema._lacking.cache_clear()


def test_an_empty_database_is_told_of_and_served_once_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_gate, "_AGAIN", 0.0)
    place = build_runtime(settings_for(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path))
    client = create_app(place).test_client()
    for path in ("/", "/sign-in", "/escrows/"):
        page = client.get(path)
        assert (page.status_code, page.headers["Retry-After"]) == (503, "15")
        assert "The desk is being upgraded." in page.text
    form = client.post("/sign-in", data={"email": "a@b.example", "password": "x"})
    assert (form.status_code, "Nothing was changed." in form.text) == (503, True)
    answer = client.get("/api/v1/parties")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert "is empty" in answer.get_json()["detail"]
    ready = client.get("/readyz")
    assert (ready.status_code, "Run `desk migrate`." in ready.get_json()["checks"]["migrations"]) == (503, True)
    assert client.get("/livez").status_code == 200

    upgrade(place.db.url)
    assert client.get("/sign-in").status_code == 200
    place.db.close()


def test_nothing_of_an_older_database_is_worked_on(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redis, "from_url", lambda *_, **__: fakeredis.FakeRedis())
    at_revision(runtime, OLDER)
    words = f"The database is at revision {OLDER}, and this version needs {newest()}. Run `desk migrate`."
    with pytest.raises(SchemaUnusable, match=words):
        register_jobs(runtime)
    with pytest.raises(SchemaUnusable, match=words):
        run_job(runtime, 1)
    assert not schema_is_usable(runtime)
    worker = RunWorker(runtime, "worker-1")
    worker.execute(1)
    assert vars(worker)["_stop_requested"], "it stays in the queue, and this worker takes nothing more"


def test_an_empty_one_is_told_of_on_postgresql_too(pg: Server) -> None:
    database = Database(pg.empty_database())
    assert schema.look(database).sentence.startswith("The database is empty")
    database.close()
    pg.drop(database.url)


def test_a_newer_one_is_served_while_it_has_all_that_is_needed(runtime: Runtime) -> None:
    at_revision(runtime, "9999")
    change(runtime, "ALTER TABLE party ADD COLUMN colour VARCHAR(20)")
    state = schema.look(runtime.db)
    assert state.is_usable, state.sentence
    assert state.sentence == f"The database is at revision 9999, which is newer than this version's {newest()} and " + (
        "serves it all the same."
    )
    register_jobs(runtime)
    with pytest.raises(SchemaUnusable, match="at revision 9999, which this version, with 00"):
        schema.require_known(runtime.db)


def test_a_newer_one_that_wants_more_or_lacks_something_is_not(runtime: Runtime) -> None:
    at_revision(runtime, "9999")
    change(runtime, "ALTER TABLE process RENAME COLUMN host TO machine")
    state = schema.look(runtime.db)
    assert not state.is_usable
    assert "does not serve it: process.host is missing; process.machine has to be filled." in state.sentence
    assert state.do == "Start the newer version."


def test_what_is_at_its_revision_is_not_looked_through(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_lacking", None)
    assert schema.look(runtime.db).is_usable
    assert migrations.is_known(OLDER)
