"""A worker dies twice at each boundary of a backup: it is made once, whole, and nothing lies about afterwards."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.faults.deaths import Deaths, die_twice, take_next, with_a_queue
from tests.support.backups import backups, file_of, some_trade
from tests.support.declared_jobs import OPERATOR, runs_of
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.backups import backup_file, databases, proving, workspace
from webapp.runtime import Runtime
from webapp.services.backups import records
from webapp.services.scheduling import runs

BOUNDARIES: dict[str, tuple[Any, str, str]] = {
    "begun": (records, "begin", "after"),
    "dumped": (databases, "dump", "after"),
    "packed": (backup_file, "write", "after"),
    "named": (workspace, "sync_folder", "after"),
    "on-record": (records, "keep", "after"),
    "committed": (proving, "prove", "before"),
    "unpacked": (backup_file, "unpack", "after"),
    "looked-at": (proving, "verify_copy", "after"),
    "proven": (records, "note_proof", "after"),
    "removed": (records, "remove", "after"),
}
"""Where a worker dies."""


@pytest.mark.faults
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_backup_whose_worker_dies_twice_is_made_once(
    sqlite_runtime: Runtime, boundary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, deaths = with_a_queue(sqlite_runtime), Deaths()
    desk.settings.backup_keep = 1
    some_trade(desk)
    register_jobs(desk)
    asked_for(desk)
    take_next(desk)
    (old,) = backups(desk)
    place, name, how = BOUNDARIES[boundary]
    monkeypatch.setattr(place, name, getattr(deaths, how)(getattr(place, name)))
    nobody_tidies_up(monkeypatch, deaths)
    asked_for(desk)
    die_twice(desk, deaths, lambda: nothing_half_is_named(desk))
    take_next(desk)
    (_, run), (gone, made) = runs_of(desk, "back_up"), backups(desk)
    assert (run.status, run.processed, run.total) == ("succeeded", 4, 4)
    assert (gone.id, gone.status, made.status, made.proof) == (old.id, "removed", "kept", "proven")
    assert [file.name for file in desk.settings.backup_folder.iterdir()] == [made.file]
    assert list((desk.settings.var_dir / "backup_work").iterdir()) == []


def asked_for(desk: Runtime) -> None:
    """A run that waits for a worker."""
    with desk.db.transaction() as session:
        runs.trigger(session, "back_up", actor=OPERATOR)


def nobody_tidies_up(monkeypatch: pytest.MonkeyPatch, deaths: Deaths) -> None:
    """What a process that is dead does not do any more: remove files."""
    unlink, rmtree = Path.unlink, shutil.rmtree

    def unless_dead(file: Path, missing_ok: bool = False) -> None:
        if not deaths.is_dead:
            unlink(file, missing_ok=missing_ok)

    def tree_unless_dead(folder: Any, **how: Any) -> None:
        if not deaths.is_dead:
            rmtree(folder, **how)

    monkeypatch.setattr(Path, "unlink", unless_dead)
    monkeypatch.setattr(shutil, "rmtree", tree_unless_dead)


def nothing_half_is_named(desk: Runtime) -> None:
    """Whatever has a final name is whole; what is on record as kept has its file."""
    for file in desk.settings.backup_folder.glob("desk-*"):
        backup_file.verify(file, lambda: None)
    for backup in backups(desk):
        assert backup.status != "kept" or file_of(backup).is_file()
