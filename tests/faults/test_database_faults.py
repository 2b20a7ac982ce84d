"""PostgreSQL fails amid a run that pays: what was committed stands, and the rest is paid when it is back."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError

from tests.conftest import settings_for
from tests.faults.deaths import let_leases_end, take_next, with_a_queue
from tests.support.declared_jobs import runs_of
from tests.support.market import Market, all_books_agree
from tests.support.postgresql import Server
from tests.support.releasing import asked, paid, released
from webapp import clock
from webapp.jobs.engine import chunks
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import RunLine
from webapp.runtime import Runtime, build_runtime
from webapp.services.ledger import posting

JOB, MANY = "release_placement_holds", 12
ROLE = f"desk_{os.getpid()}"
"""Of this test process alone: roles are the server's, which others use at the same time."""

FAILING = """
CREATE TABLE failing (code text, times int);
CREATE SEQUENCE failed;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE how failing%ROWTYPE;
BEGIN
    SELECT * INTO how FROM failing;
    -- What a sequence has given out stays given out, whatever is rolled back.
    IF how.code IS NOT NULL AND nextval('failed') <= how.times THEN
        RAISE EXCEPTION 'it fails' USING ERRCODE = how.code;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_transfer BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION fail();
CREATE TRIGGER fail_run BEFORE UPDATE ON run FOR EACH ROW EXECUTE FUNCTION fail();
"""


class Broken:
    """A database that fails from now on, until it is mended."""

    def __init__(self, url: str) -> None:
        self.name = url.partition("@/")[2].partition("?")[0]
        self._url = url.replace("postgresql+psycopg", "postgresql")

    def __call__(self, statement: str, *, inside: bool = False) -> None:
        """Run a statement, by a connection to another database or `inside` this one."""
        url = self._url if inside else self._url.replace(f"/{self.name}?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement))

    def cut(self) -> None:
        """End every connection to it."""
        self(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")


def _away(at: Broken) -> None:
    at(f"ALTER DATABASE {at.name} ALLOW_CONNECTIONS false")
    at.cut()


def _back(at: Broken) -> None:
    at(f"ALTER DATABASE {at.name} ALLOW_CONNECTIONS true")


def _exhausted(at: Broken) -> None:
    at(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
    at.cut()


def _to_be_had(at: Broken) -> None:
    at(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")


def _read_only(at: Broken) -> None:
    at(f"ALTER DATABASE {at.name} SET default_transaction_read_only = on")
    at.cut()


def _writable(at: Broken) -> None:
    at(f"ALTER DATABASE {at.name} RESET default_transaction_read_only")
    at.cut()


def _failing_with(code: str, times: int = 1_000_000) -> Callable[[Broken], None]:
    return lambda at: at(f"INSERT INTO failing VALUES ('{code}', {times})", inside=True)


def _works_again(at: Broken) -> None:
    at("DELETE FROM failing", inside=True)


FAULTS: dict[str, tuple[Callable[[Broken], None], Callable[[Broken], None]]] = {
    "away": (_away, _back),
    "exhausted": (_exhausted, _to_be_had),
    "read-only": (_read_only, _writable),
    "disk-full": (_failing_with("53100"), _works_again),
    "out-of-memory": (_failing_with("53200"), _works_again),
    "slow": (_failing_with("57014"), _works_again),
}
"""How it breaks, and how it is mended."""


@pytest.fixture
def place(pg: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Runtime, Broken]]:
    """A desk on a database that may be broken, which it reaches as a role without privileges; escrows are due."""
    url = pg.new_database()
    broken = Broken(url)
    broken(f"DROP ROLE IF EXISTS {ROLE}")
    broken(f"CREATE ROLE {ROLE} LOGIN")
    broken(FAILING, inside=True)
    broken(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}", inside=True)
    broken(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}", inside=True)
    monkeypatch.setattr(chunks, "CHUNK", 3)
    monkeypatch.setattr(chunks, "time", SimpleNamespace(sleep=lambda seconds: None))
    runtime = build_runtime(settings_for(url.replace("postgres@", f"{ROLE}@"), tmp_path))
    made_due(runtime)
    yield runtime, broken
    runtime.db.close()
    pg.drop(url)
    broken(f"DROP ROLE {ROLE}")


def made_due(runtime: Runtime) -> None:
    """Escrows that are due, and a run that was asked for."""
    register_jobs(with_a_queue(runtime))
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=9))
        for _ in range(MANY):
            market.escrow(1_000, fee=100, policy="placement", release_at=clock.now() - timedelta(minutes=1))
    asked(runtime, JOB)


def before_the_second_chunk(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something once a chunk is committed and before the next begins."""
    real, begun = chunks.Chunks._do, []

    def doing(self: chunks.Chunks, rows: Any, **how: Any) -> None:
        begun.append(rows)
        if len(begun) == 2:
            act()
        real(self, rows, **how)

    monkeypatch.setattr(chunks.Chunks, "_do", doing)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_in_a_run_is_paid_when_it_works_again(
    fault: str, place: tuple[Runtime, Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    (runtime, at), (breaks, mend) = place, FAULTS[fault]
    before_the_second_chunk(monkeypatch, lambda: breaks(at))
    with pytest.raises(DBAPIError):
        take_next(runtime)
    mend(at)
    assert paid(runtime) == released(runtime) == 3
    all_books_agree(runtime)

    let_leases_end(runtime)
    take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.attempt, run.succeeded, run.failed) == ("succeeded", 2, MANY, 0)
    assert run.amounts == {"NGN": MANY * 1_000}
    assert paid(runtime) == released(runtime) == MANY
    all_books_agree(runtime)


def events(runtime: Runtime) -> list[str]:
    """What the run's lines say of its chunks."""
    with runtime.db.reading() as session:
        return [each for each in session.scalars(select(RunLine.event)) if each.startswith("chunk.")]


@pytest.mark.parametrize("code", ["40001", "40P01"], ids=["serialization-failure", "deadlock"])
def test_what_passes_by_itself_is_tried_again_as_it_is(
    code: str, place: tuple[Runtime, Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice it is refused; nobody is left out for it, and no chunk is divided."""
    runtime, at = place
    before_the_second_chunk(monkeypatch, lambda: _failing_with(code, times=2)(at))
    take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.attempt, run.succeeded, run.failed) == ("succeeded", 1, MANY, 0)
    assert events(runtime) == ["chunk.again", "chunk.again"]
    assert paid(runtime) == released(runtime) == MANY
    all_books_agree(runtime)


def test_a_commit_whose_acknowledgement_is_lost_is_found_and_not_done_again(
    place: tuple[Runtime, Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, _ = place
    post_all, posted = posting.post_all, []

    def posting_all(*given: Any, **named: Any) -> Any:
        posted.append(given)
        return post_all(*given, **named)

    def lose(connection: Connection) -> None:
        if len(posted) == 2:
            posted.append(())
            server: Any = connection.connection.dbapi_connection
            server.execute("COMMIT")
            server.close()

    monkeypatch.setattr(posting, "post_all", posting_all)
    event.listen(runtime.db.engine, "commit", lose)
    take_next(runtime)

    [run] = runs_of(runtime, JOB)
    assert (run.status, run.attempt, run.succeeded, run.processed) == ("succeeded", 1, MANY, MANY)
    assert events(runtime) == ["chunk.again"]
    assert paid(runtime) == released(runtime) == MANY
    all_books_agree(runtime)
