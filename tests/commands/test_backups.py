"""`desk backup` and `desk restore`: all of it or nothing, never over something, and with its outgoing money stopped."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from tests.support.backups import backups, file_of, restored, some_trade, with_settings
from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.postgresql import Server
from webapp import clock, migrations
from webapp.cli import main
from webapp.domain.instants import in_utc
from webapp.errors import Conflict, Invalid, Refusal
from webapp.jobs.steps.backups import backup_file, postgresql, restoring, sqlite
from webapp.models import Escrow
from webapp.runtime import Runtime, database
from webapp.services.common import kill_switch


@pytest.fixture
def desk(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A desk with something in it, which the command finds by its environment."""
    settings = sqlite_runtime.settings
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "VAR_DIR": str(settings.var_dir),
        "SECRET_KEY": settings.secret_key,
        "REDIS_URL": settings.redis_url,
        "DESK_ENV": "test",
    }.items():
        monkeypatch.setenv(name, value)
    some_trade(sqlite_runtime)
    return sqlite_runtime


@pytest.fixture
def made(desk: Runtime) -> Path:
    """A backup of it."""
    run_job_now(desk, "back_up")
    return file_of(backups(desk)[0])


@pytest.fixture
def pg_empty(pg: Server) -> Iterator[str]:
    """An empty database."""
    url = pg.empty_database()
    yield url
    pg.drop(url)


def called(*words: str, input: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=input)


def test_backup_makes_one_and_says_where_it_is_and_whether_it_is_proven(
    desk: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    found = called("backup", "--json")
    (made,) = backups(desk)
    answer = json.loads(found.stdout.splitlines()[-1])
    assert (found.exit_code, answer["file"], answer["proof"]) == (0, str(file_of(made)), "proven")
    monkeypatch.setenv("BACKUP_KEEP", "0")
    found = called("backup")
    assert (found.exit_code, "Backups are switched off" in found.stderr) == (1, True)
    key = called("backup", "--new-key").stdout.strip()
    monkeypatch.setenv("BACKUP_KEY", key)
    assert called("jobs").exit_code == 0
    monkeypatch.setenv("BACKUP_KEY", key[:-1])
    assert "BACKUP_KEY: use a key such as `desk backup --new-key` makes" in called("jobs").stderr


def test_restore_asks_first_and_says_at_its_end_what_is_to_be_done(desk: Runtime, made: Path, tmp_path: Path) -> None:
    into, evidence = tmp_path / "copy.sqlite3", tmp_path / "evidence-of-the-copy"
    words = ("restore", str(made), "--into", f"sqlite:///{into}", "--evidence", str(evidence))
    found = called(*words, input="n\n")
    assert (found.exit_code, into.exists(), evidence.exists()) == (1, False, False)
    assert "2 orders" in found.stderr
    assert "Nothing was restored." in found.stderr
    assert called(*words, "--json").exit_code == 2
    found = called(*words, input="y\n")
    assert found.exit_code == 0
    assert "its rows, the ledger and the audit trail are whole" in found.stdout
    assert "Outgoing money is stopped in the copy" in found.stdout
    assert [file.read_bytes() for file in evidence.iterdir()] == [
        file.read_bytes() for file in desk.evidence_folder.iterdir()
    ]
    assert oct(into.stat().st_mode & 0o777) == "0o600"
    again = called(*words, "--yes")
    assert (again.exit_code, "is not empty" in again.stderr) == (1, True)
    assert sorted(tmp_path.glob(".*")) == []
    copy = database(f"sqlite:///{into}", desk.settings)
    with copy.reading() as session:
        stopped = kill_switch.stopped(session)
        assert stopped is not None
        assert "Restored from the backup of" in stopped["why"]
        assert len(session.scalars(select(Escrow)).all()) == 2
    copy.close()


def test_a_folder_that_can_not_be_written_is_named(
    desk: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "taken"))
    found = called("backup")
    assert (found.exit_code, str(tmp_path / "taken") in found.stderr.splitlines()[-1]) == (1, True)
    (failed,) = backups(desk)
    assert str(tmp_path / "taken") in str(failed.error)


def test_what_was_stopped_before_the_backup_says_so_beside_the_restoring(desk: Runtime, tmp_path: Path) -> None:
    with desk.db.transaction() as session:
        kill_switch.stop(session, "Stock-taking.", at=clock.now(), actor=OPERATOR)
    run_job_now(desk, "back_up")
    (backup,) = backups(desk)
    into = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    evidence = str(tmp_path / "evidence-of-the-copy")
    assert called("restore", str(file_of(backup)), "--into", into, "--evidence", evidence, "--yes").exit_code == 0
    copy = database(into, desk.settings)
    with copy.reading() as session:
        why = kill_switch.disabled_reason(session)
    copy.close()
    assert f"Restored from the backup of {in_utc(backup.started_at)}: " in why
    assert f"It was stopped already, by {OPERATOR.name}: Stock-taking." in why


def everything(folder: Path) -> set[str]:
    """Every file that is there."""
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.name != "lock"}


def test_a_damaged_or_wrongly_keyed_backup_changes_nothing(desk: Runtime, tmp_path: Path) -> None:
    keyed = with_settings(desk, backup_key=backup_file.new_key())
    run_job_now(keyed, "back_up")
    file = file_of(backups(desk)[0])
    whole = file.read_bytes()
    place = tmp_path / "place"
    place.mkdir()
    url = f"sqlite:///{place / 'copy.sqlite3'}"
    middle = len(whole) // 2
    for damaged in (whole[:-1], whole[:middle], whole[:middle] + b"\0" + whole[middle + 1 :], b"", whole + b"x"):
        file.write_bytes(damaged)
        with pytest.raises(Conflict, match=r"was cut|was changed|no backup|more at its end"):
            restored(file, url, place / "evidence", keyed.settings, OPERATOR)
        assert everything(place) == set()
    file.write_bytes(whole)
    other = with_settings(desk, backup_key=backup_file.new_key())
    for settings in (desk.settings, other.settings):
        with pytest.raises(Conflict, match="BACKUP_KEY"):
            restored(file, url, place / "evidence", settings, OPERATOR)
        assert everything(place) == set()
    assert restored(file, url, place / "evidence", keyed.settings, OPERATOR) == []


def test_what_fails_in_the_middle_leaves_nothing(
    desk: Runtime, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()

    def broken(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    for owner, name in (
        (sqlite, "copy"),
        (kill_switch, "stop"),
        (sqlite, "put_in_place"),
        (migrations, "upgrade_within"),
    ):
        with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
            patched.setattr(owner, name, lambda *given, **named: broken())
            restored(made, f"sqlite:///{place / 'copy.sqlite3'}", place / "evidence", desk.settings, OPERATOR)
        assert everything(place) <= {"evidence"}


def test_evidence_of_another_desk_is_not_written_over(desk: Runtime, made: Path, tmp_path: Path) -> None:
    evidence, url = tmp_path / "evidence-2", f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    evidence.mkdir()
    (theirs,) = desk.evidence_folder.iterdir()
    (evidence / theirs.name).write_bytes(b"another file")
    with pytest.raises(Conflict, match="is another file than the backup's of this name"):
        restored(made, url, evidence, desk.settings, OPERATOR)
    assert not (tmp_path / "copy.sqlite3").exists()
    assert (evidence / theirs.name).read_bytes() == b"another file"
    (evidence / theirs.name).write_bytes(theirs.read_bytes())
    assert restored(made, url, evidence, desk.settings, OPERATOR) == []


def test_it_is_restored_under_its_own_secret_key_unless_that_is_lost(desk: Runtime, made: Path, tmp_path: Path) -> None:
    other = desk.settings.model_copy(update={"secret_key": "another secret of at least 32 characters"})
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    with pytest.raises(Conflict, match="made under another SECRET_KEY"):
        restored(made, url, tmp_path / "evidence-2", other, OPERATOR)
    kept = other.model_copy(update={"secret_key_fallbacks": [desk.settings.secret_key]})
    assert restored(made, url, tmp_path / "evidence-2", kept, OPERATOR) == []
    words = ("restore", str(made), "--into", f"sqlite:///{tmp_path / 'copy-2.sqlite3'}", "--yes", "--json")
    found = CliRunner().invoke(main, [*words, "--other-secret-key"], env={"SECRET_KEY": other.secret_key})
    assert found.exit_code == 1
    assert "made with a key this desk does not have" in json.loads(found.stdout)["problems"][0]


@pytest.mark.parametrize("url", ["mysql://here/desk", "nonsense", "sqlite://", "sqlite:////no/such/folder/x.sqlite3"])
def test_where_nothing_can_be_restored_is_said(desk: Runtime, made: Path, url: str) -> None:
    found = called("restore", str(made), "--into", url, "--yes")
    assert found.exit_code == 2, found.output
    assert "Traceback" not in found.output


def test_one_kind_of_database_is_not_restored_into_the_other(desk: Runtime, made: Path, pg_empty: str) -> None:
    with pytest.raises(Conflict, match="is of SQLite: it can't be restored into PostgreSQL"):
        restored(made, pg_empty, desk.evidence_folder, desk.settings, OPERATOR)


def test_a_backup_of_a_later_version_is_not_restored(
    desk: Runtime, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not migrations.is_known("9999")
    monkeypatch.setattr(migrations, "is_known", lambda _revision: False)
    with pytest.raises(Conflict, match="which this version of the desk does not know"):
        restored(made, f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path / "e", desk.settings, OPERATOR)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE something (id int)",
        "CREATE VIEW something AS SELECT 1",
        "CREATE FUNCTION something() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA other; CREATE SEQUENCE other.something",
    ],
)
def test_a_database_of_postgresql_with_anything_in_it_is_refused(pg_empty: str, statement: str) -> None:
    postgresql.require_empty(pg_empty)
    with psycopg.connect(pg_empty, autocommit=True) as connection:
        connection.execute(statement)
    with pytest.raises(Conflict, match=r"is not empty: it has (public|other)\.something"):
        postgresql.require_empty(pg_empty)


def test_pg_restore_restores_all_or_nothing_and_says_why(pg_empty: str, tmp_path: Path) -> None:
    cut = tmp_path / "dump"
    cut.write_bytes(b"PGDMP nothing of the kind")
    with pytest.raises(Refusal, match="pg_restore failed: error"):
        postgresql.restore(pg_empty, cut, tmp_path / "errors", lambda: None, None)
    postgresql.require_empty(pg_empty)


def test_a_restore_that_is_killed_never_leaves_a_copy_that_pays(
    pg_runtime: Runtime, pg_empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_trade(pg_runtime)
    run_job_now(pg_runtime, "back_up")
    (backup,) = backups(pg_runtime)
    copy = database(pg_empty, pg_runtime.settings)

    def killed(*_given: object, **_named: object) -> None:
        with copy.reading() as session:
            assert len(session.scalars(select(Escrow)).all()) == 2, "what would be paid is there, for everybody to see"
            with pytest.raises(NoResultFound):
                kill_switch.ensure_outgoing_enabled(session)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(kill_switch, "stop", killed)
        restored(file_of(backup), pg_empty, tmp_path / "evidence-2", pg_runtime.settings, OPERATOR)
    with copy.reading() as session, pytest.raises(NoResultFound):
        kill_switch.ensure_outgoing_enabled(session)
    copy.close()


def test_a_dump_without_the_switch_of_outgoing_money_is_not_restored(
    pg_runtime: Runtime, pg_empty: str, tmp_path: Path
) -> None:
    with postgresql.snapshot(pg_runtime.db) as session:
        postgresql.dump(session, pg_runtime.settings.database_address, tmp_path / "dump", lambda: None, None)
    with pytest.raises(Conflict, match="no rows of the table other"):
        postgresql.restore_without(pg_empty, tmp_path / "dump", tmp_path, lambda: None, None, held_back="other")
    postgresql.require_empty(pg_empty)


def test_a_file_that_somebody_made_meanwhile_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, file = tmp_path / "copy", tmp_path / "desk.sqlite3"
    copy.write_bytes(b"copy")
    monkeypatch.setattr(sqlite, "require_empty", lambda _file: file.write_bytes(b"theirs"))
    monkeypatch.setattr(sqlite, "remove", lambda _file: None)
    with pytest.raises(Conflict, match="was made meanwhile"):
        sqlite.put_in_place(copy, file)
    assert file.read_bytes() == b"theirs"


def test_a_file_with_its_log_beside_it_is_not_empty(tmp_path: Path) -> None:
    file = tmp_path / "desk.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE something (id)")
        with pytest.raises(Conflict, match="is not empty"):
            sqlite.require_empty(file)
    with pytest.raises(Invalid):
        sqlite.file_of("sqlite://")


def test_what_was_unpacked_says_what_is_in_it(desk: Runtime, made: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    found = restoring.opened(made, tmp_path / "work", desk.settings, url=url, other_key=False)
    assert found.manifest.revision == migrations.newest()
    assert found.manifest.tables["purchase_order"] == 2
    assert found.manifest.evidence.files == 1
    assert not (tmp_path / "copy.sqlite3").exists()
