"""A part of a reference or a name is found wherever it stands, in all rows where the database has an index of parts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text, update

from tests.conftest import settings_for
from tests.support.market import Market
from tests.support.postgresql import Server
from webapp import health_checks
from webapp.db import Database
from webapp.demo.clear.triggers_disabled import triggers_disabled
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.jobs.steps.backups import postgresql
from webapp.migrations import anywhere as indexes
from webapp.migrations import current, newest, roles, upgrade
from webapp.models import Party
from webapp.runtime import Runtime, build_runtime
from webapp.services.search import anywhere, everywhere

ADMIN = Actor("user", 1, "The admin", ROLES["admin"])
Find = Callable[..., list[tuple[str, str]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def indexed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database, with indexes of parts."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_runtime")
        return
    url = request.getfixturevalue("trigram_url")
    upgrade(url)
    made = build_runtime(settings_for(url, tmp_path))
    yield made
    made.db.close()


def look_among(monkeypatch: pytest.MonkeyPatch, newest: int) -> None:
    """Only so many of the newest rows are looked through."""
    monkeypatch.setattr(anywhere, "NEWEST", newest)
    monkeypatch.setattr(anywhere, "_statement", anywhere._statement.__wrapped__)


def found(runtime: Runtime, words: str, actor: Actor = ADMIN, kinds: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    with runtime.db.reading() as session:
        return [(hit.kind, hit.label) for hit in everywhere.find(session, words, actor, kinds=kinds)]


def test_a_part_is_found_by_an_index_in_all_rows(indexed: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    look_among(monkeypatch, 1)
    with indexed.db.transaction() as session:
        market = Market(session, indexed)
        first, dispute = market.escrow(), market.dispute()
        for _ in range(3):
            market.escrow()
        named = market.party("Ngozi Afolabi-Okafor")
        market.party("Chidi"), market.party("Divine")
        order, name, case = first.ref.removeprefix("E-"), named.name, dispute.ref
    assert ("order", order) in found(indexed, order[1:])
    assert ("escrow", first.ref) in found(indexed, order[1:], kinds=("escrow",))
    assert ("party", name) in found(indexed, "afolabi-ok")
    assert ("dispute", case) in found(indexed, case[1:])
    with indexed.db.transaction() as session:
        _drop_indexes(session.connection())
    assert found(indexed, "afolabi-ok") == []


def _drop_indexes(connection) -> None:  # type: ignore[no-untyped-def]
    for table in indexes.indexed(connection):
        if connection.dialect.name == "sqlite":
            for verb in ("insert", "delete", "update"):
                connection.execute(text(f"DROP TRIGGER {indexes.words_of(table)}_{verb}"))
            connection.execute(text(f"DROP TABLE {indexes.words_of(table)}"))
        else:
            connection.execute(text(f"DROP INDEX {indexes.index_of(table)}"))


def test_what_begins_so_comes_before_what_has_it_in_it(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.party("Old Mombasa Traders")
        market.party("Mombasa Traders")
    assert found(runtime, "Mombasa") == [("party", "Mombasa Traders"), ("party", "Old Mombasa Traders")]


def test_without_an_index_the_newest_rows_are_looked_through(
    pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pg_runtime.db.transaction() as session:
        assert indexes.indexed(session.connection()) == set(), "the tests' server has no pg_trgm"
        market = Market(session, pg_runtime)
        market.party("Old Mombasa Traders"), market.party("Chidi")
    assert found(pg_runtime, "mombasa") == [("party", "Old Mombasa Traders")]
    assert found(pg_runtime, "Old Mom") == [("party", "Old Mombasa Traders")]
    look_among(monkeypatch, 1)
    assert found(pg_runtime, "mombasa") == []
    assert found(pg_runtime, "Old Mom") == [("party", "Old Mombasa Traders")]


def test_two_letters_are_looked_for_at_the_beginning_alone(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        Market(session, runtime).party("Zanzibar")
    assert found(runtime, "Za") == [("party", "Zanzibar")]
    assert found(runtime, "nz") == []
    assert found(runtime, "nzi") == [("party", "Zanzibar")]


def test_a_part_of_what_one_may_not_see_is_not_found(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.party("Zanzibar")
        order = market.escrow().ref.removeprefix("E-")
    nobody = Actor("user", 2, "x", frozenset({"job:read"}))
    assert found(runtime, "nzibar", nobody) == found(runtime, order[1:], nobody) == []


def test_signs_are_taken_as_they_stand(indexed: Runtime) -> None:
    with indexed.db.transaction() as session:
        Market(session, indexed).party("signs").name = 'A "100%_sure" AND b'
    for words in ("100%", '"100', "100%_s", "sure", 'e" AND b'):
        assert found(indexed, words) == [("party", 'A "100%_sure" AND b')], words
    for words in ("100_", '"%1', "sure AND", "-- x", "'; DROP"):
        assert found(indexed, words) == [], words


def test_sqlite_keeps_its_index_in_step(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    look_among(monkeypatch, 0)
    with sqlite_runtime.db.transaction() as session:
        market = Market(session, sqlite_runtime)
        changed, gone, kept = (market.party(name, wallet=None) for name in ("Old Mombasa", "Old Kisumu", "Old Nakuru"))
        session.execute(update(Party).where(Party.id == changed.id).values(name="New Mwanza", ref="P-1"))
        with triggers_disabled(session):
            session.delete(gone)
            session.execute(update(Party).where(Party.id == kept.id).values(name="New Eldoret", ref="P-2"))
    for words in ("mombasa", "kisumu", "nakuru"):
        assert found(sqlite_runtime, words) == [], words
    assert found(sqlite_runtime, "mwanza") == [("party", "New Mwanza")]
    assert found(sqlite_runtime, "eldoret") == [("party", "New Eldoret")]


def test_an_index_of_sqlite_that_lost_a_trigger_is_filled_anew(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_among(monkeypatch, 0)
    with sqlite_runtime.db.transaction() as session:
        session.execute(text("DROP TRIGGER words_of_party_insert"))
        Market(session, sqlite_runtime).party("Old Mombasa")
    assert found(sqlite_runtime, "mbasa") == []
    upgrade(sqlite_runtime.db.url)
    assert found(sqlite_runtime, "mbasa") == [("party", "Old Mombasa")]


def test_nothing_is_left_of_a_name_in_the_index_of_sqlite(sqlite_runtime: Runtime) -> None:
    left = text("SELECT count(*) FROM words_of_party_data WHERE instr(CAST(block AS text), 'xyl') > 0")
    with sqlite_runtime.db.transaction() as session:
        party = Market(session, sqlite_runtime).party("Xylophone").id
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(Party).where(Party.id == party).values(name="Forgotten party 1", ref="P-1"))
        assert session.scalar(left), "a removed word stays until the index is merged"
        indexes.forget_removed(session.connection(), "party")
    with sqlite_runtime.db.reading() as session:
        assert session.scalar(left) == 0


def test_where_all_indexes_together_take_too_long_each_is_asked_by_itself(
    indexed: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_among(monkeypatch, 0)
    ask = anywhere._asked_in_time
    monkeypatch.setattr(
        anywhere, "_asked_in_time", lambda session, ways, *how: None if len(ways) > 1 else ask(session, ways, *how)
    )
    with indexed.db.transaction() as session:
        Market(session, indexed).party("Old Mombasa")
    assert found(indexed, "mbasa") == [("party", "Old Mombasa")]


def test_a_question_that_takes_long_is_given_up_and_the_next_is_answered(
    runtime: Runtime,
) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with runtime.db.reading() as session:
        with anywhere._hurried(session, 0.05) as in_time:
            assert in_time(lambda: list(session.scalars(text(endless)))) is None
        assert session.scalar(text("SELECT 1")) == 1
        if not runtime.db.is_sqlite:
            assert session.scalar(text("SHOW statement_timeout")) == "2min"
            assert session.scalar(text("SHOW enable_seqscan")) == "on"


def test_no_question_to_an_index_reads_a_table(trigram_url: str, tmp_path: Path) -> None:
    upgrade(trigram_url)
    made = build_runtime(settings_for(trigram_url, tmp_path))
    with made.db.reading() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for way in anywhere.WAYS:
            if way.model.__tablename__ in indexes.SOUGHT:
                asked = anywhere._statement((way,), True, False).query.params(pattern="%QX7%", trigrams="")
                plain = asked.compile(made.db.engine, compile_kwargs={"literal_binds": True})
                plan = "\n".join(session.scalars(text("EXPLAIN " + str(plain).replace(":", "\\:").replace("%%", "%"))))
                assert "Seq Scan" not in plan, plan
    made.db.close()


def test_a_broken_index_is_built_anew_and_a_whole_one_is_left(trigram_url: str) -> None:
    upgrade(trigram_url)
    database = Database(trigram_url)
    number = text("SELECT oid FROM pg_class WHERE relname = 'ix_party_anywhere'")
    with database.engine.connect() as connection:
        assert indexes.indexed(connection) == set(indexes.SOUGHT)
        before = connection.scalar(number)
    upgrade(trigram_url)
    with database.engine.begin() as connection:
        assert connection.scalar(number) == before
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_party_anywhere'::regclass")
        )
    upgrade(trigram_url)
    with database.engine.connect() as connection:
        assert connection.scalar(number) != before
        assert indexes.indexed(connection) == set(indexes.SOUGHT)
    database.close()


def test_the_role_of_migrations_builds_them_where_a_superuser_made_the_extension(trigram_url: str) -> None:
    with psycopg.connect(trigram_url) as superuser:
        superuser.execute(roles.SCRIPT.encode())
    theirs = trigram_url.replace("postgres@", f"{roles.MIGRATE}@", 1)
    upgrade(theirs)
    database = Database(theirs)
    with database.engine.begin() as connection:
        assert indexes.indexed(connection) == set(indexes.SOUGHT)
        assert roles.grant(connection)
    database.close()


def test_a_role_that_may_not_make_the_extension_migrates_without(trigram_url: str) -> None:
    database = Database(trigram_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE desk_plain LOGIN")
        connection.exec_driver_sql("GRANT ALL ON SCHEMA public TO desk_plain")
    upgrade(trigram_url.replace("postgres@", "desk_plain@", 1))
    with database.engine.begin() as connection:
        assert indexes.indexed(connection) == set()
        connection.exec_driver_sql("DROP OWNED BY desk_plain")
        connection.exec_driver_sql("DROP ROLE desk_plain")
    database.close()


def test_a_copy_is_restored_to_a_server_that_lacks_the_extension(trigram_url: str, pg: Server, tmp_path: Path) -> None:
    upgrade(trigram_url)
    database, plain = Database(trigram_url), pg.empty_database()
    with postgresql.snapshot(database) as session:
        assert indexes.indexed(session.connection()) == set(indexes.SOUGHT)
        postgresql.dump(session, trigram_url, tmp_path / "dump", lambda: None, None)
    database.close()
    postgresql.restore(plain, tmp_path / "dump", tmp_path / "errors", lambda: None, None)
    copy = Database(plain)
    assert current(copy) == newest()
    copy.close()
    pg.drop(plain)


def test_doctor_says_how_references_are_found(indexed: Runtime) -> None:
    found = health_checks.search(indexed)
    assert (found.verdict, found.found) == ("ok", "A part of a reference or a name is found by an index.")


def test_doctor_says_why_parts_are_not_found_by_an_index(pg_runtime: Runtime) -> None:
    found = health_checks.search(pg_runtime)
    assert found.verdict == "ok"
    assert "pg_trgm" in found.found
    assert "`desk migrate`" in found.found
