"""`clean_up_data`: what is old enough of each kind goes, archived first, once, and nothing else does."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from tests.services.retention.old_rows import GOES, fill
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, LATER, Market, all_books_agree
from webapp import clock
from webapp.errors import Conflict
from webapp.models import (
    ArchivePart,
    Audit,
    Base,
    Delivery,
    Dispute,
    Entry,
    Evidence,
    InboundWebhook,
    Run,
    RunLine,
    Transfer,
)
from webapp.runtime import Runtime
from webapp.services.retention import archive
from webapp.services.retention.registry import all_kinds
from webapp.services.retention.removal import Remover
from webapp.services.scheduling import runs
from webapp.services.webhooks import inbox
from webapp.sql import lock_found

ARCHIVED = {kind.name for kind in all_kinds() if kind.archived}


def filled(runtime: Runtime) -> Path:
    with runtime.db.transaction() as session:
        return fill(session, runtime, clock.now())


def counts(runtime: Runtime) -> dict[str, int]:
    with runtime.db.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def lines(runtime: Runtime, run: Run, event: str) -> dict[str, int]:
    """How many rows of each kind the run says that it removed."""
    with runtime.db.reading() as session:
        found = session.scalars(select(RunLine).where(RunLine.run_id == run.id, RunLine.event == event)).all()
        return {line.fields["kind"]: line.fields["rows"] for line in found}


def archived(runtime: Runtime) -> dict[str, list[int]]:
    """The numbers of the rows in the archives, by kind."""
    with runtime.db.reading() as session:
        found: dict[str, list[int]] = {}
        for each in archive.files(session):
            rows = archive.read(session, runtime.settings.archive_folder, each.file)
            found.setdefault(each.kind, []).extend(row["id"] for row in rows)
        return found


def test_what_is_old_goes_archived_and_the_second_run_finds_nothing(runtime: Runtime) -> None:
    file = filled(runtime)
    dry = run_job_now(runtime, "clean_up_data", dry_run=True)
    assert (dry.status, dry.succeeded) == ("succeeded", sum(GOES.values()))
    assert lines(runtime, dry, "data.would_go") == GOES
    assert archived(runtime) == {}
    assert file.is_file()
    before = counts(runtime)
    run = run_job_now(runtime, "clean_up_data")
    assert (run.status, run.succeeded, run.failed) == ("succeeded", sum(GOES.values()), 0)
    assert lines(runtime, run, "data.removed") == GOES
    assert {kind: len(ids) for kind, ids in archived(runtime).items()} == {kind: GOES[kind] for kind in ARCHIVED}
    assert not file.exists()
    after = counts(runtime)
    shrunk = {table for table in before if after[table] < before[table]}
    # The run itself has as many lines as went, and users and webhooks stay without what was in them.
    assert shrunk == {"cart_item", "delivery", "event", "evidence", "order_line", "run_item", "user_session"}
    again = run_job_now(runtime, "clean_up_data")
    assert (again.status, again.succeeded) == ("succeeded", 0)
    assert {kind: len(ids) for kind, ids in archived(runtime).items()} == {kind: GOES[kind] for kind in ARCHIVED}
    all_books_agree(runtime)


def test_never_ledger_audit_or_disputes(sqlite_runtime: Runtime) -> None:
    assert {kind.model for kind in all_kinds()}.isdisjoint({Transfer, Entry, Audit, Dispute})
    with sqlite_runtime.db.transaction() as session:
        fill(session, sqlite_runtime, clock.now())
        Market(session, sqlite_runtime).escrow()
    names = ("transfer", "entry", "audit", "dispute", "message", "escrow", "purchase_order", "party")
    before = counts(sqlite_runtime)
    run_job_now(sqlite_runtime, "clean_up_data")
    after = counts(sqlite_runtime)
    assert {name: after[name] for name in names if name != "audit"} == {n: before[n] for n in names if n != "audit"}
    assert after["audit"] > before["audit"]


def test_a_run_that_moved_money_stays_and_so_does_each_jobs_last(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.transaction() as session:
        Market(session, sqlite_runtime).escrow()
    paid = run_job_now(sqlite_runtime, "auto_release", at=LATER)
    for _ in range(3):
        run_job_now(sqlite_runtime, "auto_release")
    with sqlite_runtime.db.transaction() as session:
        old = clock.now() - timedelta(days=1000)
        session.execute(update(Run).values(created_at=old, finished_at=old))
    cleaned = run_job_now(sqlite_runtime, "clean_up_data")
    assert (cleaned.status, cleaned.failed) == ("succeeded", 0)
    with sqlite_runtime.db.reading() as session:
        kept = session.scalars(select(Run.id).where(Run.job == "auto_release").order_by(Run.id)).all()
    assert paid.amounts
    assert list(kept) == [paid.id, paid.id + 3]


@pytest.mark.parametrize(("setting", "stays"), [("log_retention_days", True), ("run_retention_days", False)])
def test_what_a_run_logged_goes_by_its_own_setting_and_no_later_than_the_run(
    sqlite_runtime: Runtime, setting: str, stays: bool
) -> None:
    old = run_job_now(sqlite_runtime, "watch")
    run_job_now(sqlite_runtime, "watch")
    then = clock.now() - timedelta(days=8)
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(Run).where(Run.id == old.id).values(created_at=then, finished_at=then))
        session.add(RunLine(run_id=old.id, at=then, level="info", event="watch.done", fields={}))
    changed = sqlite_runtime.settings.model_copy(update={setting: 7})
    assert run_job_now(replace(sqlite_runtime, settings=changed), "clean_up_data").status == "succeeded"
    with sqlite_runtime.db.reading() as session:
        assert session.scalars(select(RunLine.id).where(RunLine.run_id == old.id)).all() == []
        assert (session.get(Run, old.id) is not None) == stays


def test_a_bad_row_is_named_and_the_others_go(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite_runtime.db.transaction() as session:
        fill(session, sqlite_runtime, clock.now())
        bad = session.scalars(select(RunLine.id).order_by(RunLine.id)).first()
        session.execute(
            text(
                f"CREATE TRIGGER bad BEFORE DELETE ON run_line WHEN OLD.id = {bad} "
                "BEGIN SELECT RAISE(ABORT, 'this one stays'); END"
            )
        )
    run = run_job_now(sqlite_runtime, "clean_up_data")
    # Its run can't go without it.
    assert (run.status, run.failed) == ("partial", 2)
    assert run.succeeded == sum(GOES.values()) - 2
    with sqlite_runtime.db.reading() as session:
        named = {(item.subject_kind, item.subject_id) for item in runs.items(session, run.id)}
        assert ("run_line", bad) in named
        assert session.get(RunLine, bad) is not None
    assert "run_lines" not in archived(sqlite_runtime)


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_the_archive_and_the_removal_nothing_is_lost_or_doubled(runtime: Runtime) -> None:
    filled(runtime)
    [kind] = [each for each in all_kinds() if each.name == "deliveries"]
    remover = Remover(kind, runtime.settings)
    with runtime.db.reading() as session:
        ids = list(session.scalars(kind.due(runtime.settings, clock.now()).select))
    with pytest.raises(Killed), runtime.db.transaction() as session:
        remover.remove(session, ids, at=clock.now(), actor=DIVINE, run_id=7)
        raise Killed
    folder = runtime.settings.archive_folder
    assert [file.name[:10] for file in folder.iterdir()] == ["deliveries"], "the file was written before"
    assert archived(runtime) == {}
    assert remover.count == 0
    with runtime.db.transaction() as session:
        assert remover.remove(session, ids, at=clock.now(), actor=DIVINE, run_id=7).done == 1
    assert archived(runtime) == {"deliveries": ids}
    with runtime.db.transaction() as session:
        assert remover.remove(session, ids, at=clock.now(), actor=DIVINE, run_id=7).done == 0
    assert archived(runtime) == {"deliveries": ids}


def test_what_is_young_by_now_stays(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    [kind] = [each for each in all_kinds() if each.name == "deliveries"]
    with sqlite_runtime.db.reading() as session:
        ids = list(session.scalars(kind.due(sqlite_runtime.settings, clock.now()).select))
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(Delivery).values(status="waiting"))
        remover = Remover(kind, sqlite_runtime.settings)
        assert remover.remove(session, ids, at=clock.now(), actor=DIVINE).done == 0
    assert archived(sqlite_runtime) == {}


def test_two_at_once_remove_each_row_once(pg_runtime: Runtime) -> None:
    filled(pg_runtime)
    [kind] = [each for each in all_kinds() if each.name == "deliveries"]
    with pg_runtime.db.reading() as session:
        ids = list(session.scalars(kind.due(pg_runtime.settings, clock.now()).select))
    first, second = (Remover(kind, pg_runtime.settings) for _ in range(2))
    with pg_runtime.db.transaction() as session:
        assert lock_found(session, kind.model, ids, skip_locked=True) == ids
        first.remove(session, ids, at=clock.now(), actor=DIVINE, run_id=7)
        with pg_runtime.db.transaction() as other:
            assert lock_found(other, kind.model, ids, skip_locked=True) == []
    with pg_runtime.db.transaction() as session:
        second.remove(session, ids, at=clock.now(), actor=DIVINE, run_id=8)
    assert (first.count, second.count) == (1, 0)
    assert archived(pg_runtime) == {"deliveries": ids}


def test_an_archive_that_was_changed_or_is_gone_says_so(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    run_job_now(sqlite_runtime, "clean_up_data")
    file = next(sqlite_runtime.settings.archive_folder.glob("events-*"))
    assert file.stat().st_mode & 0o077 == 0
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(Conflict, match="not as it was written"):
        archived(sqlite_runtime)
    file.unlink()
    with pytest.raises(Conflict, match="is not in"):
        archived(sqlite_runtime)


def test_old_archives_go_with_their_record(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    run_job_now(sqlite_runtime, "clean_up_data")
    with sqlite_runtime.db.transaction() as session:
        old = clock.now() - timedelta(days=366)
        session.execute(update(ArchivePart).where(ArchivePart.kind == "events").values(at=old))
    dry = run_job_now(sqlite_runtime, "clean_up_data", dry_run=True)
    assert dry.status == "succeeded"
    assert "events" in archived(sqlite_runtime)
    run_job_now(sqlite_runtime, "clean_up_data")
    assert set(archived(sqlite_runtime)) == ARCHIVED - {"events"}
    assert not list(sqlite_runtime.settings.archive_folder.glob("events-*"))


def test_files_that_no_evidence_names_go_when_they_are_old(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    folder = sqlite_runtime.evidence_folder
    long_ago = (clock.now() - timedelta(days=31)).timestamp()
    kept = {file.name for file in folder.iterdir()}
    for name in ("left-behind.txt", "being-written.txt"):
        (folder / name).write_text("x")
    for name in (*kept, "left-behind.txt"):
        os.utime(folder / name, (long_ago, long_ago))
    run_job_now(sqlite_runtime, "clean_up_data", dry_run=True)
    assert (folder / "left-behind.txt").exists()
    run_job_now(sqlite_runtime, "clean_up_data")
    with sqlite_runtime.db.reading() as session:
        named = set(session.scalars(select(Evidence.stored_as).where(Evidence.stored_as.is_not(None))))
    assert {file.name for file in folder.iterdir()} == named | {"being-written.txt"}


def test_a_webhook_without_its_body_is_not_handled_again(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    run_job_now(sqlite_runtime, "clean_up_data")
    with sqlite_runtime.db.transaction() as session:
        row = session.scalars(select(InboundWebhook).where(InboundWebhook.body == "")).one()
        with pytest.raises(Conflict, match="not kept any more"):
            inbox.replay(session, row.id, at=clock.now(), actor=DIVINE)


def test_every_removal_is_on_record(sqlite_runtime: Runtime) -> None:
    filled(sqlite_runtime)
    run = run_job_now(sqlite_runtime, "clean_up_data")
    with sqlite_runtime.db.reading() as session:
        found: list[Any] = list(
            session.scalars(select(Audit.after).where(Audit.action == "data.remove", Audit.run_id == run.id))
        )
    assert len(found) == len(GOES)
