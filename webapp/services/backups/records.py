"""The rows of backups: begun, kept, proven, failed, removed. What a file holds is `contents`."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.db import after_commit
from webapp.domain.actors import Actor
from webapp.domain.states import BackupProof, BackupStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, NotFound
from webapp.models import Backup
from webapp.services.audit import trail
from webapp.services.backups.contents import Manifest

_MOST = 10_000


def get(session: Session, backup_id: int) -> Backup:
    """One backup. Raises NotFound."""
    found = session.get(Backup, backup_id)
    if found is None:
        raise NotFound(phrase("There is no backup %(backup_id)s.", backup_id=backup_id))
    return found


def of_run(session: Session, run_id: int) -> Backup | None:
    """What an earlier attempt at this run has begun."""
    return session.scalars(select(Backup).where(Backup.run_id == run_id)).one_or_none()


def newest(session: Session) -> Backup | None:
    """The newest whose file is there: what was removed restores nothing."""
    kept = select(Backup).where(Backup.status == BackupStatus.KEPT)
    return session.scalars(kept.order_by(Backup.id.desc()).limit(1)).one_or_none()


def last_ended(session: Session) -> Backup | None:
    """The newest that is not being made any more, whether it failed or not."""
    ended = select(Backup).where(Backup.status != BackupStatus.MAKING)
    return session.scalars(ended.order_by(Backup.id.desc()).limit(1)).one_or_none()


def begin(
    session: Session,
    manifest: Manifest,
    *,
    run_id: int,
    folder: Path,
    file: str,
    host: str,
    encrypted: bool,
    at: datetime,
) -> Backup:
    """Put a backup on record that is about to be made; what an earlier attempt at the run said is replaced."""
    row = of_run(session, run_id) or Backup(run_id=run_id)
    row.status, row.started_at, row.finished_at, row.error = BackupStatus.MAKING, at, None, None
    row.folder, row.file, row.host, row.encrypted = str(folder), file, host, encrypted
    row.revision, row.rows, row.heads = manifest.revision, manifest.rows, manifest.heads
    row.size = row.sha256 = row.proof = None
    session.add(row)
    session.flush()
    return row


def keep(
    session: Session, backup_id: int, manifest: Manifest, *, size: int, sha256: str, at: datetime, actor: Actor
) -> None:
    """It is whole under its name."""
    row = get(session, backup_id)
    row.status, row.finished_at, row.size, row.sha256 = BackupStatus.KEPT, at, size, sha256
    row.evidence_files = manifest.evidence.files
    details = {"file": row.file, "size": size, "sha256": sha256, "rows": row.rows, "heads": row.heads}
    trail.record(session, actor, "backup.make", ("backup", row.id), at=at, after=details, run_id=row.run_id)


def fail(
    session: Session, run_id: int, error: str, *, folder: Path, host: str, encrypted: bool, revision: str, at: datetime
) -> None:
    """A run's backup could not be made. One that was made already stays as it is."""
    row = of_run(session, run_id) or Backup(
        run_id=run_id,
        started_at=at,
        folder=str(folder),
        file="",
        host=host,
        encrypted=encrypted,
        revision=revision,
        rows=0,
        heads={},
    )
    if row.status in (BackupStatus.KEPT, BackupStatus.REMOVED):
        return
    row.status, row.finished_at, row.error = BackupStatus.FAILED, at, error
    session.add(row)


def left_behind(session: Session, run_id: int) -> list[Backup]:
    """What other runs have begun and not ended: only one runs at a time, so nobody makes them any more."""
    others = select(Backup).where(Backup.status == BackupStatus.MAKING, Backup.run_id != run_id)
    return list(session.scalars(others.order_by(Backup.id).limit(_MOST)))


def note_proof(
    session: Session,
    backup_id: int,
    proof: BackupProof,
    reason: str | None,
    *,
    at: datetime,
    actor: Actor,
    run_id: int | None = None,
) -> None:
    """How a proof of it ended, and why it is not proven."""
    row = get(session, backup_id)
    before = {"proof": row.proof, "proof_reason": row.proof_reason}
    row.proof, row.proof_at, row.proof_reason = proof, at, reason
    after = {"proof": proof, "proof_reason": reason, "file": row.file}
    trail.record(session, actor, "backup.prove", ("backup", row.id), at=at, before=before, after=after, run_id=run_id)


def count_kept(session: Session) -> int:
    """How many have their file still."""
    return session.scalar(select(func.count()).where(Backup.status == BackupStatus.KEPT)) or 0


def beyond(session: Session, keep_newest: int) -> list[Backup]:
    """Backups to be removed: all but the newest so many; the newest that is proven stays in any case."""
    kept = select(Backup).where(Backup.status == BackupStatus.KEPT).order_by(Backup.id.desc()).limit(_MOST)
    rows = list(session.scalars(kept))
    proven = next((row.id for row in rows if row.proof == BackupProof.PROVEN), None)
    return [row for row in rows[keep_newest:] if row.id != proven]


def remove(session: Session, backup_id: int, *, at: datetime, actor: Actor, run_id: int | None) -> None:
    """Remove one: its record says so first, its file goes after the commit."""
    row = get(session, backup_id)
    if row.status != BackupStatus.KEPT:
        return
    row.status, row.removed_at = BackupStatus.REMOVED, at
    details: dict[str, Any] = {"file": row.file, "sha256": row.sha256}
    trail.record(session, actor, "backup.remove", ("backup", row.id), at=at, before=details, run_id=run_id)
    after_commit(session, partial(Path(row.folder, row.file).unlink, missing_ok=True))


def files_of_removed(session: Session) -> Sequence[Path]:
    """Where the files of removed and failed backups lay: a process may have died before it removed them."""
    gone = select(Backup.folder, Backup.file).where(Backup.status.in_((BackupStatus.REMOVED, BackupStatus.FAILED)))
    rows = session.execute(gone.where(Backup.file != "").order_by(Backup.id.desc()).limit(_MOST))
    return [Path(folder, file) for folder, file in rows]


def require_file(backup: Backup) -> Path:
    """Where its file lies. Raises Conflict when it has none any more."""
    if backup.status != BackupStatus.KEPT:
        raise Conflict(
            phrase("Backup %(id)s is %(status)s: there is no file to restore.", id=backup.id, status=backup.status)
        )
    return Path(backup.folder, backup.file)
