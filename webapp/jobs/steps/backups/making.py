"""Making a backup: the database as it is now and the evidence beside it, in a file that is named once it is whole."""

import os
import socket
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.orm import Session

from webapp import clock, migrations
from webapp.db import on_rollback
from webapp.domain.states import BackupStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Refusal
from webapp.jobs.engine.run_control import StopRequested, TimeLimit
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.backups import backup_file, databases, workspace
from webapp.models import Backup
from webapp.private_files import private_folder
from webapp.services.backups import contents, records
from webapp.services.backups.contents import Manifest
from webapp.services.common.batch_result import Outcome
from webapp.services.scheduling.run_progress import RunLost
from webapp.settings import Settings
from webapp.settings_parts.evidence_store import EvidenceStore, StoredFile

KIND = "backup"


def host() -> str:
    """This machine's name."""
    return socket.gethostname()[:200]


def file_name(at: datetime, number: int) -> str:
    """A name that no other backup has."""
    return f"desk-{at:%Y%m%dT%H%M%SZ}-{number}.backup"


def make(work: Work, folder: Path) -> int:
    """Make this run's backup, unless an earlier attempt has; its number. What fails is on record as failed."""
    with work.db.reading() as session:
        earlier = records.of_run(session, work.run_id)
    if earlier is not None and earlier.status == BackupStatus.KEPT and Path(earlier.folder, earlier.file).is_file():
        return earlier.id
    try:
        return _made(work, folder)
    except (StopRequested, RunLost):
        raise
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        sentence = f"The backup could not be written: {problem.strerror or problem}{where}."
        _note_failed(work, sentence)
        raise Conflict(sentence) from problem
    except TimeLimit:
        _note_failed(work, "It took longer than the job may.")
        raise
    except Refusal as problem:
        _note_failed(work, problem.detail)
        raise
    except Exception as problem:
        _note_failed(work, f"{type(problem).__name__}: {str(problem).partition(chr(10))[0][:300]}")
        raise


def evidence_files(session: Session, folder: EvidenceStore) -> Iterator[tuple[str, StoredFile]]:
    """The files of evidence that rows name, and where each lies."""
    return ((name, folder / name) for name, _checksum in contents.evidence_names(session))


def take_away_unfinished(work: Work) -> None:
    """End what dead processes have begun: their rows are failed, and their files go."""
    with work.db.reading() as session:
        left = [row.run_id for row in records.left_behind(session, work.run_id)]
    for run_id in left:
        _note_failed(work, "It was interrupted, and its run did not go on.", run_id)
    with work.db.reading() as session:
        gone = records.files_of_removed(session)
    for file in gone:
        file.unlink(missing_ok=True)
    workspace.sweep_parts(work.settings.backup_folder)


def step(work: Work, number: int) -> None:
    """One of the run's steps is done; a later attempt counts none twice."""
    if work.recorder.run.processed < number:
        work.recorder.record(lambda session: Outcome(KIND, done=1))


def _made(work: Work, folder: Path) -> int:
    settings, check = work.settings, work.control.check
    target = private_folder(settings.backup_folder).resolve()
    dump = folder / "dump"
    with databases.snapshot(work.db) as session:
        databases.require_programs(session, settings)
        manifest = _contents(session, settings, work)
        # Only now: a row that the snapshot had would say of the copy that it is being made.
        backup = _begun(work, manifest, target)
        databases.dump(session, settings, dump, check)
        step(work, 1)
        work.log("backup.dumped", rows=manifest.rows, size=dump.stat().st_size)
        evidence = evidence_files(session, work.runtime.evidence)
        with workspace.part_file(target / backup.file) as (stream, part):
            packed = backup_file.write(stream, dump, evidence, manifest, settings.backup_key, check)
            os.fsync(stream.fileno())
            dump.unlink()
            _keep(work, backup, packed, part)
    step(work, 2)
    return backup.id


def _contents(session: Session, settings: Settings, work: Work) -> Manifest:
    return contents.read(
        session,
        version=version("escrow-desk"),
        revision=migrations.newest(),
        made_at=clock.iso(work.now),
        audit_key=settings.audit_key,
    )


def _begun(work: Work, manifest: Manifest, target: Path) -> Backup:
    at = work.now
    with work.db.transaction() as session:
        work.recorder.fence(session)
        earlier = records.of_run(session, work.run_id)
        if earlier is not None and earlier.file:
            Path(earlier.folder, earlier.file).unlink(missing_ok=True)
        return records.begin(
            session,
            manifest,
            run_id=work.run_id,
            folder=target,
            file=file_name(at, work.run_id),
            host=host(),
            encrypted=bool(work.settings.backup_key),
            at=at,
        )


def _keep(work: Work, backup: Backup, packed: tuple[Manifest, int, str], part: Path) -> None:
    """Give the finished file its name and put it on record, while nobody else can take the run over."""
    manifest, size, sha256 = packed
    final = Path(backup.folder, backup.file)
    with work.db.transaction() as session:
        work.recorder.fence(session)
        if final.exists():
            raise Conflict(
                phrase(
                    "%(final)s is there already: two desks share this folder. Give each its own BACKUP_DIR.",
                    final=final,
                )
            )
        part.rename(final)
        on_rollback(session, partial(final.unlink, missing_ok=True))
        workspace.sync_folder(final.parent)
        records.keep(session, backup.id, manifest, size=size, sha256=sha256, at=work.now, actor=work.actor)
    work.log("backup.made", file=backup.file, size=size, sha256=sha256, heads=manifest.heads, host=backup.host)
    if manifest.evidence.missing:
        work.log("backup.evidence_missing", "warning", files=len(manifest.evidence.missing))


def _note_failed(work: Work, sentence: str, run_id: int | None = None) -> None:
    with work.db.transaction() as session:
        work.recorder.fence(session)
        records.fail(
            session,
            run_id or work.run_id,
            sentence,
            folder=work.settings.backup_folder.resolve(),
            host=host(),
            encrypted=bool(work.settings.backup_key),
            revision=migrations.newest(),
            at=work.now,
        )
