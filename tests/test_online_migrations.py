"""No migration locks a table that is long and in use while everybody works; what it does instead may be cut off."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg
import pytest
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.faults.desk import until
from tests.support.migrating import bring
from tests.support.migration_linter import KNOWN, Statement, complaints, recorded, statements_of
from tests.support.postgresql import Server
from tests.test_migrations import FOLDER
from webapp.db import Database
from webapp.migrations import upgrade
from webapp.migrations.online import ONLINE, check_online, index_online

_REFUSED = {
    "CREATE INDEX ix ON entry (transfer_id)": "index_online",
    'CREATE UNIQUE INDEX ix ON "entry" (transfer_id)': "index_online",
    "CREATE INDEX IF NOT EXISTS ix ON ONLY entry (transfer_id)": "index_online",
    "ALTER TABLE entry ADD COLUMN mark uuid DEFAULT gen_random_uuid()": "volatile",
    "ALTER TABLE entry ADD COLUMN seen timestamptz NOT NULL DEFAULT clock_timestamp()": "volatile",
    "ALTER TABLE entry ADD COLUMN place BIGSERIAL": "written anew",
    "ALTER TABLE entry ADD COLUMN twice bigint GENERATED ALWAYS AS (amount * 2) STORED": "written anew",
    "ALTER TABLE entry ADD COLUMN mark varchar(3) NOT NULL": "no value",
    "ALTER TABLE entry ADD COLUMN mark bigint REFERENCES party (id)": "in one go",
    "ALTER TABLE entry ADD CONSTRAINT ck CHECK (amount <> 0)": "NOT VALID",
    "ALTER TABLE entry ADD CONSTRAINT fk FOREIGN KEY(party_id) REFERENCES party (id)": "NOT VALID",
    "ALTER TABLE entry ADD CONSTRAINT uq UNIQUE (transfer_id)": "unique=True",
    "ALTER TABLE entry ALTER COLUMN mark SET NOT NULL": "IS NOT NULL",
    "ALTER TABLE entry ALTER COLUMN mark TYPE text": "beside it",
    "UPDATE entry SET mark = 'x'": "in chunks",
    "DELETE FROM entry WHERE amount = 1": "in chunks",
    "CLUSTER entry": "locked",
    "DO $$ BEGIN UPDATE entry SET mark = 1; END $$": "nobody can read",
    "ALTER TABLE entry ADD CONSTRAINT c CHECK (id > 0) NOT VALID; ALTER TABLE entry VALIDATE CONSTRAINT c": "valid in",
}
_TAKEN = [
    "CREATE TABLE parcel (id bigint); CREATE INDEX ix ON parcel (id); INSERT INTO parcel VALUES (1)",
    "ALTER TABLE entry ADD COLUMN mark varchar(3) DEFAULT 'utc()' NOT NULL",
    "ALTER TABLE entry ADD COLUMN seen timestamptz DEFAULT now()",
    "ALTER TABLE entry ADD COLUMN mark varchar(3)",
    "ALTER TABLE entry ADD CONSTRAINT uq UNIQUE USING INDEX ix",
    "ALTER TABLE entry ADD CONSTRAINT ck CHECK (amount <> 0) NOT VALID",
    "UPDATE schedule SET cron = '0 2 * * *'",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE entry SET amount = 1 $$",
    "-- UPDATE entry\nSELECT 1",
]


def _statements(sql: str, *, alone: bool = False) -> list[Statement]:
    return [Statement(each, alone) for each in statements_of(sql)]


@pytest.mark.parametrize("sql", _REFUSED)
def test_what_would_lock_a_long_table_is_refused_with_what_to_write_instead(sql: str) -> None:
    found = complaints(_statements(sql), {"entry", "party", "schedule"})
    assert [re.search(re.escape(_REFUSED[sql]), each) is not None for each in found] == [True]


@pytest.mark.parametrize("sql", _TAKEN)
def test_what_locks_for_a_moment_only_is_taken(sql: str) -> None:
    assert complaints(_statements(sql), {"entry", "party", "schedule"}) == []


def test_what_may_be_run_again_does_nothing_that_can_be_done_once_only() -> None:
    index = _statements("CREATE INDEX CONCURRENTLY ix ON entry (mark)", alone=True)
    column = _statements("ALTER TABLE entry ADD COLUMN mark varchar(3)")
    assert complaints(index, {"entry"}) == []
    [found] = complaints([*column, *index], {"entry"})
    assert "a migration of its own" in found


def test_no_migration_since_locks_a_long_table(pg: Server) -> None:
    """Each is run, and judged by what it sent."""
    chain = [each.revision for each in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
    later = [revision for revision in chain if revision not in KNOWN]
    assert set(chain) >= KNOWN
    if not later:
        return
    url = pg.empty_database()
    try:
        bring(url, max(KNOWN))
        found = {revision: _judged(url, revision) for revision in later}
    finally:
        pg.drop(url)
    assert {revision: some for revision, some in found.items() if some} == {}


def _judged(url: str, revision: str) -> list[str]:
    database = Database(url)
    with database.engine.connect() as connection:
        existing = inspect(connection).get_table_names()
    database.close()
    with recorded() as statements:
        bring(url, revision)
    return complaints(statements, existing)


def _run(connection: Connection, upgrade: Callable[[], None]) -> list[str]:
    """Run what a migration would, and judge it."""
    existing = inspect(connection).get_table_names()
    connection.rollback()
    with recorded() as statements:
        context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        with Operations.context(context), context.begin_transaction():
            upgrade()
    return complaints(statements, existing)


def _indexed() -> None:
    index_online("ix_party_words", "party", ["country", "name"], where="country IS NOT NULL")


@contextmanager
def _online(pg: Server) -> Iterator[Connection]:
    """A connection as `desk migrate` has one, to a database of its own."""
    url = pg.original()
    database = Database(url)
    try:
        with database.engine.connect().execution_options(**{ONLINE: True}) as connection:
            yield connection
    finally:
        database.close()
        pg.drop(url)


def test_an_index_is_built_while_others_write_and_again_after_a_cut(pg: Server) -> None:
    of_index = "pg_index WHERE indexrelid = 'ix_party_words'::regclass"
    with _online(pg) as connection:
        assert _run(connection, _indexed) == []
        connection.execute(text(f"UPDATE {of_index.replace(' WHERE', ' SET indisvalid = false WHERE')}"))
        connection.commit()
        assert _run(connection, _indexed) == []
        assert connection.execute(text(f"SELECT indisvalid FROM {of_index}")).scalar_one() is True


def test_a_check_is_made_valid_without_a_lock_and_after_it_nothing_is_limited(pg: Server) -> None:
    limits = []

    def checked() -> None:
        check_online("ck_party_words", "party", "id > 0")
        limits.append(op.get_bind().execute(text("SHOW statement_timeout")).scalar_one())

    with _online(pg) as connection:
        assert _run(connection, checked) == []
        valid = "SELECT convalidated FROM pg_constraint WHERE conname = 'ck_party_words'"
        assert (connection.execute(text(valid)).scalar_one(), limits) == (True, ["0"])


def test_within_a_restore_nothing_is_committed_in_between(pg: Server) -> None:
    with _online(pg) as connection:
        within = connection.execution_options(**{ONLINE: False})
        with within.begin() as outer, Operations.context(MigrationContext.configure(within)):
            _indexed()
            check_online("ck_party_words", "party", "id > 0")
            outer.rollback()
        assert within.execute(text("SELECT to_regclass('ix_party_words')")).scalar_one() is None


def test_who_waits_for_another_migration_does_not_hold_up_its_indexes(pg: Server) -> None:
    url = pg.original()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as migrating:
        migrating.execute("SELECT pg_advisory_lock(7201441)")
        waiting = Thread(target=upgrade, args=(url,))
        waiting.start()
        waits = "application_name = 'escrow-desk' AND (query = 'COMMIT' OR wait_event = 'advisory')"
        asked = f"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND {waits}"
        until(lambda: migrating.execute(asked).fetchone(), 20)
        migrating.execute("SET lock_timeout = '3s'")
        migrating.execute("CREATE INDEX CONCURRENTLY ix_party_words ON party (country)")
        migrating.execute("SELECT pg_advisory_unlock(7201441)")
        waiting.join(20)
    assert not waiting.is_alive()
    pg.drop(url)
