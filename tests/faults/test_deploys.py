"""Old and new processes side by side, and a migration while the tables are in use."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, insert, inspect, select, text
from sqlalchemy.exc import OperationalError

from tests.faults.deaths import let_leases_end, take_next, with_a_queue
from tests.support.declared_jobs import NOON, Declare, declare, planned, runs_of  # noqa: F401
from tests.support.migrating import bring, filler, unwatched
from tests.support.postgresql import Server
from tests.support.releasing import asked
from webapp import clock, jobs
from webapp import db as db_module
from webapp.db import Database
from webapp.domain.scheduling.job_spec import JobSpec
from webapp.migrations import current, newest, upgrade
from webapp.models import Run
from webapp.runtime import Runtime

OLD = "0046"
"""The oldest revision whose processes may still run beside the newest. It moves on with each release."""


@pytest.fixture
def new_job(sqlite_runtime: Runtime, declare: Declare) -> Iterator[Runtime]:
    """A run of a job that this process knows no more: it is an old one, and the job is a new version's."""
    planned(with_a_queue(sqlite_runtime), declare("new", lambda work, at: None), NOON)
    asked(sqlite_runtime, "new")
    known = jobs._jobs.pop("new")
    yield sqlite_runtime
    jobs._jobs["new"] = known


def test_an_old_worker_leaves_a_run_of_a_new_job_to_a_new_one(new_job: Runtime) -> None:
    for _ in range(2):
        assert take_next(new_job) == 1
        assert [(run.status, run.attempt) for run in runs_of(new_job, "new")] == [("queued", 1)]
        let_leases_end(new_job)
    jobs._jobs["new"] = jobs.Job(_spec(), lambda work, at: None)
    take_next(new_job)
    assert [(run.status, run.attempt) for run in runs_of(new_job, "new")] == [("succeeded", 1)]


def _spec() -> JobSpec:
    return JobSpec("new", "For a test.", cron="0 12 * * *")


def test_a_run_of_a_job_that_nobody_knows_ends_after_the_deploy(new_job: Runtime) -> None:
    with new_job.db.transaction() as session:
        session.get_one(Run, 1).created_at = clock.now() - timedelta(hours=2)
    take_next(new_job)
    [run] = runs_of(new_job, "new")
    assert (run.status, run.error) == ("failed", "This version has no job named new.")


def test_what_old_processes_read_and_write_is_there_after_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every table and column of theirs is kept, and their new rows need nothing that they don't know."""
    url = f"sqlite:///{tmp_path_factory.mktemp('old') / 'desk.sqlite3'}"
    bring(url, OLD)
    theirs = MetaData()
    with unwatched(url) as connection:
        theirs.reflect(connection)
    upgrade(url)
    with unwatched(url) as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for table in theirs.sorted_tables:
            row = {column.name: filler(column.type) for column in table.columns if not column.nullable}
            if table.name != "alembic_version":
                connection.execute(insert(table).values(row))
            connection.execute(select(table)).all()


def test_a_migration_under_load_gives_way_and_is_done_later(pg: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a table holds up all who come after: it waits for a moment only, and changes nothing."""
    monkeypatch.setattr(db_module, "LOCK_TIMEOUT", 200)
    url = pg.empty_database()
    bring(url, "0044")
    database = Database(url)
    with database.engine.connect() as reader, database.engine.connect() as other:
        for table in inspect(reader).get_table_names():
            reader.execute(text(f'SELECT 1 FROM "{table}" LIMIT 1'))
        # Where the migration does not give up, the reader does: the test fails then, and does not hang.
        late = threading.Timer(5, reader.close)
        late.start()
        with pytest.raises(OperationalError, match="lock timeout"):
            upgrade(url)
        assert late.is_alive()
        late.cancel()
        assert current(database) == "0044"
        other.execute(text("SELECT 1 FROM escrow"))
    assert upgrade(url) == newest() == current(database)
    database.close()
    pg.drop(url)
