"""`back_up`: what was committed before its start is in it, it is proven by restoring it, and the oldest go."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from tests.support.backups import (
    backups,
    file_of,
    order_refs,
    restored,
    some_trade,
    with_settings,
)
from tests.support.declared_jobs import OPERATOR
from tests.support.job_runs import run_job_now
from tests.support.market import LATER, Market, all_books_agree
from tests.support.postgresql import Server
from webapp.domain.actors import job_actor
from webapp.errors import Conflict, Unavailable
from webapp.jobs.periodic import back_up
from webapp.jobs.run_job import run_here, run_job
from webapp.jobs.steps.backups import backup_file, databases, postgresql, sqlite
from webapp.jobs.steps.backups.databases import NoScratchPlace
from webapp.models import Audit, AuditHead, Backup, RunLine, Schedule
from webapp.runtime import Runtime, database
from webapp.services.common import kill_switch
from webapp.services.escrows import release
from webapp.services.scheduling import runs

KEY = backup_file.new_key()
RELEASING = job_actor("auto_release", 1)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, runtime: Runtime, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the same kind."""
    if runtime.db.is_sqlite:
        yield f"sqlite:///{tmp_path / 'restored.sqlite3'}"
        return
    server: Server = request.getfixturevalue("pg")
    url = server.empty_database()
    yield url
    server.drop(url)


class Load:
    """Threads that post orders and release their money, and what they have committed so far."""

    def __init__(self, runtime: Runtime) -> None:
        self.committed: list[str] = []
        self._runtime, self._over = runtime, threading.Event()
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._trade) for _ in range(2)]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """From when some orders are committed until the end of the block."""
        for thread in self._threads:
            thread.start()
        assert self._enough.wait(20)
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def wait_for_more(self) -> None:
        """Until others have committed meanwhile."""
        before = len(self.committed)
        while len(self.committed) < before + 2 and not self._over.wait(0.005):
            pass

    def _trade(self) -> None:
        while not self._over.is_set():
            with self._runtime.db.transaction() as session:
                escrow = Market(session, self._runtime).escrow(1_000)
            with self._runtime.db.transaction() as session:
                done = release.release_all(
                    session, [escrow.id], at=LATER, actor=RELEASING, reason="expired", due_by=LATER
                )
                assert done.done == 1
            self.committed.append(escrow.ref)
            if len(self.committed) >= 4:
                self._enough.set()
            # SQLite's one writer's place goes to whoever happens to ask: without a pause nobody else gets it.
            self._over.wait(0.01)


def test_a_backup_under_load_has_all_from_before_its_start_and_restores_whole(
    runtime: Runtime, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = some_trade(runtime)
    load = Load(runtime)
    monkeypatch.setattr(sqlite, "_PAGES", 20)
    real = databases.dump

    def while_others_write(*given: object, **named: object) -> None:
        load.wait_for_more()
        real(*given, **named)  # type: ignore[arg-type]
        load.wait_for_more()

    monkeypatch.setattr(databases, "dump", while_others_write)
    with load.going_on():
        before = set(load.committed)
        run = run_job_now(runtime, "back_up")
        after = set(load.committed)
    (made,) = backups(runtime)
    assert (run.status, run.processed, run.total, run.error) == ("succeeded", 4, 4, None)
    assert (made.status, made.proof, made.proof_reason, made.evidence_files) == ("kept", "proven", None, 1)
    assert restored(file_of(made), empty_url, tmp_path / "evidence-2", runtime.settings, OPERATOR) == []
    assert (tmp_path / "evidence-2" / evidence.name).read_bytes() == evidence.read_bytes()
    copy = Runtime(runtime.settings, database(empty_url, runtime.settings))
    all_books_agree(copy)
    with copy.db.reading() as session:
        there = {ref.replace("order", "escrow") for ref in order_refs(session)} | order_refs(session)
        heads = {head.chain: head.seq for head in session.scalars(select(AuditHead))}
        assert kill_switch.stopped(session)
        assert session.scalars(select(Backup)).all() == [], "it says nothing of a backup that is being made"
    copy.db.close()
    with runtime.db.reading() as session:
        orders = order_refs(session)
    assert len(after) > len(before)
    assert len(there & orders) < len(orders), "others went on"
    assert heads["main"] == made.heads["main"]["seq"] + 1, "the stop of its outgoing money is the only seal that is new"


def test_an_encrypted_backup_is_proven_by_its_file(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    some_trade(sqlite_runtime)
    desk = with_settings(sqlite_runtime, backup_key=KEY)
    assert run_job_now(desk, "back_up").status == "succeeded"
    (made,) = backups(desk)
    assert (made.encrypted, made.proof, made.size) == (True, "proven", file_of(made).stat().st_size)
    assert made.sha256 == backup_file.sha256_of(file_of(made), lambda: None)
    assert oct(file_of(made).stat().st_mode & 0o777) == "0o600"
    other = with_settings(sqlite_runtime, backup_key=backup_file.new_key())
    drill = run_job_now(other, "back_up", drill=made.id)
    assert drill.status == "failed"
    assert "No key that is set opens the backup" in str(backups(desk)[0].proof_reason)
    former = with_settings(sqlite_runtime, backup_key=backup_file.new_key(), backup_key_fallbacks=[KEY])
    assert run_job_now(former, "back_up", drill=made.id).status == "succeeded"
    assert backups(desk)[0].proof == "proven"


def test_a_drill_finds_what_became_of_the_file(sqlite_runtime: Runtime) -> None:
    some_trade(sqlite_runtime)
    run_job_now(sqlite_runtime, "back_up")
    (made,) = backups(sqlite_runtime)
    whole = file_of(made).read_bytes()
    file_of(made).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    drill = run_job_now(sqlite_runtime, "back_up", drill=made.id)
    (found,) = backups(sqlite_runtime)
    assert (drill.status, found.status, found.proof) == ("failed", "kept", "failed")
    assert "was changed" in str(found.proof_reason)
    assert str(drill.error).startswith(f"Backup {made.id} is not proven to be whole: {found.proof_reason}")
    with sqlite_runtime.db.reading() as session:
        actions = list(session.scalars(select(Audit.action).where(Audit.subject_kind == "backup").order_by(Audit.id)))
    assert actions == ["backup.make", "backup.prove", "backup.prove"]
    file_of(made).unlink()
    run_job_now(sqlite_runtime, "back_up", drill=made.id)
    assert "can't be read" in str(backups(sqlite_runtime)[0].proof_reason)
    assert run_job_now(sqlite_runtime, "back_up", drill=99).error == "There is no backup 99."


def test_a_copy_that_is_not_whole_is_not_proven(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evidence = some_trade(sqlite_runtime)
    evidence.write_bytes(b"another picture")
    assert "Evidence is missing or not as it was submitted" in str(run_job_now(sqlite_runtime, "back_up").error)
    evidence.unlink()
    run = run_job_now(sqlite_runtime, "back_up")
    assert "Evidence is missing or not as it was submitted" in str(run.error)
    real = sqlite.dump

    def losing(session: object, to: Path, check: object) -> None:
        real(session, to, check)  # type: ignore[arg-type]
        with closing(sqlite3.connect(to)) as copy, copy:
            copy.execute("DELETE FROM stored_setting WHERE name = 'approval_limits'")
            copy.execute("DELETE FROM message")
            copy.execute("UPDATE purchase_order SET amount = amount")
            copy.execute("UPDATE account SET balance = balance + 1 WHERE party_id IS NOT NULL AND kind = 'wallet'")
            copy.execute("DELETE FROM saved_view")
            copy.execute("DELETE FROM evidence")

    monkeypatch.setattr(sqlite, "dump", losing)
    error = str(run_job_now(sqlite_runtime, "back_up").error)
    assert "Table evidence: 1 row saved, 0 rows restored." in error
    assert "its entries sum to" in error
    assert [each.proof for each in backups(sqlite_runtime)] == ["failed"] * 3


def test_records_that_were_cut_off_the_desk_since_are_noticed_by_the_next_backup(sqlite_runtime: Runtime) -> None:
    some_trade(sqlite_runtime)
    run_job_now(sqlite_runtime, "back_up")
    (made,) = backups(sqlite_runtime)
    with sqlite_runtime.db.engine.connect() as connection:
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(f"UPDATE audit_seal SET hash = 'made anew' WHERE seq = {made.heads['main']['seq']}")
        connection.commit()
    drill = run_job_now(sqlite_runtime, "back_up", drill=made.id)
    assert f"does not go through seal {made.heads['main']['seq']}" in str(drill.error)


def test_the_oldest_go_and_the_last_proven_one_never(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = with_settings(sqlite_runtime, backup_keep=2)
    run_job_now(desk, "back_up")

    @contextmanager
    def nowhere(*given: object) -> Iterator[str]:
        if given:
            raise NoScratchPlace("nothing can be made there")
        yield ""

    monkeypatch.setattr(databases, "scratch", nowhere)
    ends = [run_job_now(desk, "back_up").status for _ in range(3)]
    assert ends == ["succeeded"] * 3, "what can't be proven here is no failure"
    found = backups(desk)
    assert [each.status for each in found] == ["kept", "removed", "kept", "kept"]
    assert [file_of(each).exists() for each in found] == [True, False, True, True]
    assert [each.proof for each in found] == ["proven", "impossible", "impossible", "impossible"]
    assert found[1].proof_reason == "It could not be restored here: nothing can be made there."
    assert found[1].heads, "where the audit chain ended stays on record"
    assert "is removed: there is no file" in str(run_job_now(desk, "back_up", drill=found[1].id).error)


def test_two_at_once_do_it_once(sqlite_runtime: Runtime) -> None:
    run_job_now(sqlite_runtime, "back_up", dry_run=True)
    with sqlite_runtime.db.transaction() as session:
        first = runs.trigger(session, "back_up", actor=OPERATOR)
    with (
        pytest.raises(Conflict, match=f"Run {first.id} of back_up is queued"),
        sqlite_runtime.db.transaction() as session,
    ):
        runs.trigger(session, "back_up", actor=OPERATOR, parameters={back_up.DRILL: 1})


def test_one_that_is_stopped_or_takes_too_long_leaves_nothing_and_is_made_by_the_next(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job_now(sqlite_runtime, "back_up", dry_run=True)
    monkeypatch.setattr(sqlite, "_PAGES", 1)
    looks = iter(range(5))
    with sqlite_runtime.db.transaction() as session:
        asked = runs.trigger(session, "back_up", actor=OPERATOR).id
    run_job(sqlite_runtime, asked, stopping=lambda: next(looks, None) is None)
    folder, work = sqlite_runtime.settings.backup_folder, sqlite_runtime.settings.var_dir / "backup_work"
    assert [each.status for each in backups(sqlite_runtime)] == ["making"]
    assert (list(folder.iterdir()), list(work.iterdir())) == ([], [])
    assert run_here(sqlite_runtime, asked).status == "succeeded"
    assert [each.status for each in backups(sqlite_runtime)] == ["kept"]
    with sqlite_runtime.db.transaction() as session:
        session.get_one(Schedule, "back_up").max_duration_seconds = 0
    assert run_job_now(sqlite_runtime, "back_up").status == "partial"
    late = backups(sqlite_runtime)[1]
    assert (late.status, late.error) == ("failed", "It took longer than the job may.")
    assert [file.name for file in folder.iterdir()] == [backups(sqlite_runtime)[0].file]


def test_a_dry_run_says_what_it_would_do_and_makes_nothing(sqlite_runtime: Runtime) -> None:
    run_job_now(sqlite_runtime, "back_up")
    desk = with_settings(sqlite_runtime, backup_keep=1)
    dry = run_job_now(desk, "back_up", dry_run=True)
    with desk.db.reading() as session:
        lines = select(RunLine).where(RunLine.run_id == dry.id, RunLine.event == "backup.would_be_made")
        (line,) = session.scalars(lines)
    assert (dry.status, line.fields["would_go"], line.fields["encrypted"]) == ("succeeded", 1, False)
    assert len(list(desk.settings.backup_folder.iterdir())) == 1


def test_switched_off_it_is_skipped_and_removes_nothing(sqlite_runtime: Runtime) -> None:
    run_job_now(sqlite_runtime, "back_up")
    run = run_job_now(with_settings(sqlite_runtime, backup_keep=0), "back_up")
    assert (run.status, run.error) == ("skipped", back_up.OFF)
    assert file_of(backups(sqlite_runtime)[0]).exists()


def program(folder: Path, version: str) -> Path:
    """A folder with programs that say they are of a version."""
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        file = folder / name
        file.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        file.chmod(0o755)
    return folder


def test_without_a_pg_dump_that_fits_it_says_which_and_that_is_on_record(pg_runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    none = with_settings(pg_runtime, pg_bin_dir=tmp_path / "none")
    assert "pg_dump and pg_restore are not in" in str(run_job_now(none, "back_up").error)
    old = with_settings(pg_runtime, pg_bin_dir=program(tmp_path / "old", "9.6.24"))
    assert "is of version 9, and the server is of version 1" in str(run_job_now(old, "back_up", dry_run=True).error)
    assert run_job_now(old, "back_up").status == "failed"
    silent = with_settings(pg_runtime, pg_bin_dir=program(tmp_path / "broken", "99.1"))
    assert run_job_now(silent, "back_up").status == "failed"
    found = backups(pg_runtime)
    assert [(each.status, bool(each.error)) for each in found] == [("failed", True)] * 3
    assert list(pg_runtime.settings.backup_folder.iterdir()) == []


def test_none_is_made_through_a_pooler(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a real PgBouncer in tests/real, where that is there."""
    monkeypatch.setattr(postgresql, "is_pooled", lambda _connection: True)
    assert "BACKUP_SOURCE_URL" in str(run_job_now(pg_runtime, "back_up").error)
    assert [each.status for each in backups(pg_runtime)] == ["failed"]


def test_a_role_that_may_make_no_database_can_not_prove_and_says_so(pg: Server, pg_url: str) -> None:
    role = "desk_plain"
    with psycopg.connect(pg_url, autocommit=True) as connection:
        connection.execute(f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    plain = pg_url.replace("postgres@", f"{role}@")
    with (
        pytest.raises(NoScratchPlace, match="may not make a scratch database"),
        postgresql.scratch_database(plain, "m", 1),
    ):
        pass


def test_scratch_databases_of_dead_processes_go(pg_url: str) -> None:
    with (
        postgresql.scratch_database(pg_url, "mark", 1) as first,
        postgresql.scratch_database(pg_url, "another desk's", 1) as others,
        postgresql.scratch_database(pg_url, "mark", 2),
    ):
        with pytest.raises(Unavailable, match="can't be reached"):
            postgresql.require_empty(first)
        postgresql.require_empty(others)
