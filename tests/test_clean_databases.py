"""A PostgreSQL database that a test was given is as new, whatever another test did with it."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from tests.conftest import settings_for
from tests.support.market import Market
from tests.support.postgresql import Server
from webapp.models import Escrow
from webapp.runtime import Runtime, build_runtime


@pytest.fixture
def used(pg: Server, tmp_path: Path) -> Runtime:
    """A desk on a database that another test will be given."""
    return build_runtime(settings_for(pg.new_database(), tmp_path))


def test_rows_and_numbers_are_as_in_a_new_one(pg: Server, used: Runtime, tmp_path: Path) -> None:
    for _ in range(26):  # once it is thrown away whole
        with used.db.transaction() as session:
            Market(session, used).escrow()
            session.execute(text("DELETE FROM alembic_version"))
        url = str(used.settings.database_url)
        pg.give_back(url)
        assert pg.new_database() == url

        used = build_runtime(settings_for(url, tmp_path))
        with used.db.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
            assert session.scalars(select(Escrow)).all() == []
            assert Market(session, used).escrow().id == 1
    used.db.close()
    pg.drop(url)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "DROP INDEX uq_transfer_disbursed_once",
        "ALTER TABLE run DROP CONSTRAINT uq_run_job_slot",
        "ALTER TABLE party ADD COLUMN odd text",
        "CREATE TABLE odd (n int)",
        "CREATE SCHEMA odd",
        "ANALYZE party",
    ],
)
def test_one_whose_definitions_changed_is_not_given_again(pg: Server, change: str) -> None:
    url = pg.new_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(change)
    pg.give_back(url)
    assert pg.new_database() != url


def test_whoever_is_still_connected_is_cut_off(pg: Server) -> None:
    url = pg.new_database()
    with psycopg.connect(url.replace("+psycopg", "")) as left:
        left.execute("LOCK TABLE party")
        pg.give_back(url)
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
