"""A small desk on PostgreSQL that the oracle finds nothing wrong with, and ways to break it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from soak.oracle import acknowledged, alerts, audit, books, provider, runs, webhooks
from soak.oracle.findings import Finding, ask_all
from tests.conftest import SECRET, settings_for
from tests.support.market import AMINA, LATER, Market
from tests.support.postgresql import Server
from webapp.domain.actors import job_actor
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime, build_runtime
from webapp.services.escrows import freezes
from webapp.services.escrows.release import release_all

ENDPOINT = "everything"
_THINGS = """CREATE TABLE things (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, parent TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL, data TEXT NOT NULL, UNIQUE (kind, key))"""


@dataclass
class Judged:
    """The desk's database in a transaction that is undone, the provider's books, and the files of the soak."""

    connection: psycopg.Connection
    folder: Path
    until: datetime

    def change(self, statement: str) -> None:
        """Break something, whatever the database has against it."""
        self.connection.execute(statement.encode())

    def theirs(self, statement: str) -> None:
        """Change the provider's books."""
        with sqlite3.connect(self.folder / "store") as books_of_theirs:
            books_of_theirs.execute(statement)

    def journal(self, kind: str, name: str, state: str, key: str = "") -> None:
        """One more write that a client has asked for."""
        _append(self.folder / "journal", {"key": key or f"{kind} {name}", "kind": kind, "name": name, "state": state})

    def came(self, event: int, *, is_signed: bool = True) -> None:
        """One more webhook that came."""
        _append(self.folder / "received", {"endpoint": ENDPOINT, "event": str(event), "is_signed": is_signed})

    def findings(self) -> list[Finding]:
        """What the oracle says."""
        return [
            *ask_all(self.connection, [*books.RULES, *alerts.RULES]),
            *runs.check(self.connection, self.until),
            *acknowledged.check(self.connection, self.folder / "journal"),
            *provider.check(self.connection, self.folder / "store"),
            *webhooks.check(self.connection, self.folder / "received", {ENDPOINT: "*"}, self.until),
            *audit.check(self.connection, SECRET),
        ]


def _append(file: Path, row: dict[str, object]) -> None:
    with file.open("a") as lines:
        lines.write(json.dumps(row) + "\n")


@pytest.fixture(scope="package")
def small_desk(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a desk with a released, a held and a frozen escrow, and a slot that ran."""
    url = pg.new_database()
    runtime = build_runtime(settings_for(url, tmp_path_factory.mktemp("desk")))
    _trade(runtime)
    runtime.db.close()
    yield url
    pg.give_back(url)


def _trade(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        released, _, frozen = (market.escrow(10_000, fee=100) for _ in range(3))
        freezes.freeze(session, frozen.id, "A person asked.", at=market.at, actor=AMINA)
        release_all(session, [released.id], at=LATER, actor=job_actor("auto_release"), reason="deadline")
    return


@pytest.fixture
def judged(small_desk: str, tmp_path: Path) -> Iterator[Judged]:
    """That desk and its provider, to be broken; triggers and foreign keys let everything pass."""
    for name in ("journal", "received"):
        (tmp_path / name).touch()
    with sqlite3.connect(tmp_path / "store") as theirs:
        theirs.execute(_THINGS)
    with psycopg.connect(small_desk) as connection:
        connection.execute("SET session_replication_role = replica")
        made = Judged(connection, tmp_path, datetime.now(UTC) + timedelta(hours=1))
        _plan_nothing(made)
        yield made
        connection.rollback()


def _plan_nothing(judged: Judged) -> None:
    judged.change("UPDATE schedule SET cron = '0 0 1 1 *'")
