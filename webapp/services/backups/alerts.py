"""Alert rules about backups. Where backups are switched off none of them asks."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import BackupProof, BackupStatus
from webapp.domain.words import phrase
from webapp.models import Backup
from webapp.services.alerts.registry import Answer, rule
from webapp.services.backups import overview, records
from webapp.settings import Settings

_MOST = 20


@rule(severity="page")
def backup_failed(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The last backup could not be made, or one that is kept was restored and is not whole."""
    if not settings.backup_keep:
        return
    last = records.last_ended(session)
    if last is not None and last.status == BackupStatus.FAILED:
        yield "backups", phrase("The last backup failed: %(error)s", error=last.error), [str(last.id)]
    wrong = select(Backup).where(Backup.status == BackupStatus.KEPT, Backup.proof == BackupProof.FAILED)
    for backup in session.scalars(wrong.order_by(Backup.id.desc()).limit(_MOST)):
        sentence = phrase(
            "Backup %(id)s is not proven to be whole: %(proof_reason)s", id=backup.id, proof_reason=backup.proof_reason
        )
        yield f"backup-{backup.id}", sentence, [str(backup.proof_reason)[:200]]


@rule(severity="page")
def backup_too_old(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The newest backup is older than 25 hours, or there has been none since they are planned."""
    if sentence := overview.why_too_old(session, settings, at):
        yield "backups", sentence


@rule(severity="warn")
def backup_unproven(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The newest backup could not be restored to prove it, for want of a place or of a program."""
    newest = records.newest(session) if settings.backup_keep else None
    if newest is not None and newest.proof == BackupProof.IMPOSSIBLE:
        yield (
            "backups",
            phrase("Backup %(id)s is not proven. %(proof_reason)s", id=newest.id, proof_reason=newest.proof_reason),
            [str(newest.proof_reason)[:200]],
        )
