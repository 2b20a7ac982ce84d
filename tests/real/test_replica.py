"""Exports and reports are read from a real standby, and never miss what was done before."""

import ast
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from soak.standby import ask
from tests.conftest import settings_for
from tests.support.job_runs import run_job_now
from tests.support.market import Market
from tests.support.paths import ROOT
from tests.support.people import PASSWORD, add_people, send
from tests.support.standbys import Primary, serving
from webapp import clock, health_checks
from webapp.app import create_app
from webapp.migrations import upgrade
from webapp.runtime import Runtime, build_runtime
from webapp.services.common import replica
from webapp.settings import SettingsProblem

CALLERS = {"webapp/admin/ui/screen.py", "webapp/jobs/steps/send_report.py", "webapp/health_checks.py"}
"""Files of lists, the making of reports, and the doctor."""


@pytest.fixture(scope="module")
def primary() -> Iterator[Primary]:
    with serving() as found:
        found.server.create_database()
        upgrade(found.server.address())
        found.ask("CREATE TABLE written (number int)")
        yield found


@pytest.fixture(scope="module")
def sockets(primary: Primary) -> Iterator[Path]:
    """Of a standby that follows."""
    with primary.standby() as (_, found):
        yield found


@pytest.fixture
def desk(primary: Primary, sockets: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr(replica, "PATIENCE", 0.5)
    made = desk_of(primary, sockets)
    yield made
    closed(made)


def desk_of(primary: Primary, sockets: Path) -> Runtime:
    url = primary.server.address(sockets=sockets)
    return build_runtime(settings_for(primary.server.address(), primary.folder, database_replica_url=url))


def closed(made: Runtime) -> None:
    made.replica.close()
    made.db.close()


def is_from_standby(desk: Runtime) -> bool:
    with desk.replica.reading_from_now()() as session:
        return bool(session.execute(text("SELECT pg_is_in_recovery()")).scalar_one())


def test_it_is_read_and_doctor_says_so(desk: Runtime) -> None:
    assert is_from_standby(desk)
    found = health_checks.replica(desk)
    assert (found.verdict, "which has caught up" in found.found) == ("ok", True)


def test_one_that_is_behind_is_not_read_and_doctor_says_so(desk: Runtime, sockets: Path) -> None:
    ask(sockets, "SELECT pg_wal_replay_pause()")
    try:
        with desk.db.transaction() as session:
            session.execute(text("CREATE TABLE IF NOT EXISTS seen (number int)"))
        assert not is_from_standby(desk)
        reading, begun = desk.replica.reading_from_now(), time.monotonic()
        for _page in range(20):
            with reading() as session:
                assert not session.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
        assert time.monotonic() - begun < 5, "each page waited for the standby anew"
        found = health_checks.replica(desk)
        assert (found.verdict, "more than 0.5 s behind" in found.found) == ("warning", True)
    finally:
        ask(sockets, "SELECT pg_wal_replay_resume()")
    assert is_from_standby(desk)


def test_nothing_that_was_done_before_is_missed(desk: Runtime) -> None:
    """Two hundred times: something is written, and a reading that is asked for after has it."""
    with desk.db.transaction() as session:
        session.execute(text("CREATE TABLE mine (number int)"))
    from_standby = 0
    for number in range(200):
        with desk.db.transaction() as session:
            rows = [{"n": number}] * random.Random(number).choice([1, 1, 1, 3_000])
            session.execute(text("INSERT INTO mine VALUES (:n)"), rows)
        with desk.replica.reading_from_now()() as session:
            assert session.execute(text("SELECT max(number) FROM mine")).scalar_one() == number
            from_standby += session.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    assert from_standby > 150


def test_what_a_file_begins_with_and_what_it_ends_with_wait_for_the_same(desk: Runtime, sockets: Path) -> None:
    reading = desk.replica.reading_from_now()
    ask(sockets, "SELECT pg_wal_replay_pause()")
    try:
        with desk.db.transaction() as session:
            session.execute(text("CREATE TABLE IF NOT EXISTS later (number int)"))
        with reading() as session:
            assert session.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    finally:
        ask(sockets, "SELECT pg_wal_replay_resume()")


def asked_of_standby(desk: Runtime) -> list[str]:
    """The statements that the standby gets from now on."""
    found: list[str] = []
    standby = desk.replica._standby
    assert standby is not None

    @event.listens_for(standby.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    return found


def test_a_file_and_a_report_come_from_it_and_pages_do_not(desk: Runtime) -> None:
    add_people(desk)
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).party("worker", wallet=10_000)
    client = create_app(desk).test_client()
    send(client, "/sign-in", email="admin@desk.example", password=PASSWORD)
    asked = asked_of_standby(desk)

    assert client.get("/parties/").status_code == 200
    assert asked == []
    file = client.get("/parties/export.csv").text
    assert len(file.splitlines()) == 2, file
    assert any("FROM party" in statement for statement in asked)

    asked.clear()
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    days: dict[str, Any] = {"from": yesterday, "to": yesterday}
    assert run_job_now(desk, "send_monthly_report", **days).status == "succeeded"
    assert any("FROM transfer" in statement or "FROM entry" in statement for statement in asked), asked
    assert not any(statement.startswith(("INSERT", "UPDATE", "DELETE")) for statement in asked)


@pytest.fixture
def another() -> Iterator[Primary]:
    """A primary whose standby may be spoiled."""
    with serving() as found:
        found.server.create_database()
        yield found


def test_one_that_was_promoted_or_is_gone_is_left(another: Primary) -> None:
    with another.standby() as (_, of_second):
        desk = desk_of(another, of_second)
        assert is_from_standby(desk)
        assert ask(of_second, "SELECT pg_promote()") == (True,)
        with desk.replica.reading_from_now()() as session:
            folder = session.execute(text("SELECT current_setting('data_directory')")).scalar_one()
        assert not folder.endswith("standby")
        assert "It follows nobody" in health_checks.replica(desk).found
    with desk.replica.reading_from_now()() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1
    assert "can't be asked" in health_checks.replica(desk).found
    closed(desk)


def test_one_that_can_not_be_asked_is_left_alone_for_a_while(primary: Primary, tmp_path: Path) -> None:
    desk = desk_of(primary, tmp_path)
    reading = desk.replica.reading_from_now()
    assert not is_from_standby(desk)
    assert desk.replica.reading_from_now() == desk.db.reading
    with reading() as session:
        assert not session.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    closed(desk)


def test_nothing_that_anybody_decides_by_is_read_there() -> None:
    callers = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "webapp").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("replica", "reading_from_now")
    }
    assert callers == CALLERS


def test_only_postgresql_has_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="DATABASE_REPLICA_URL: PostgreSQL alone has standbys"):
        settings_for("sqlite://", tmp_path, database_replica_url="postgresql://desk@db2/desk")
