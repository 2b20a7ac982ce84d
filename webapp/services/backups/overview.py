"""How it stands with backups: the newest, the newest that is proven, and why there is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.state_labels import in_words
from webapp.domain.states import BackupProof, BackupStatus
from webapp.domain.words import phrase
from webapp.models import Backup, Schedule
from webapp.services.backups import records
from webapp.settings import Settings

JOB = "back_up"
OLDEST = timedelta(hours=25)
OFF = phrase("Backups are switched off: BACKUP_KEEP is 0.")


@dataclass(frozen=True, slots=True)
class BackupOverview:
    """What the page and the metrics say first."""

    newest: Backup | None
    """The newest whose file is there."""
    newest_proven: Backup | None
    folder: Path
    keep: int
    """0 when backups are switched off."""
    encrypted: bool
    """Whether the next one will be."""


def read(session: Session, settings: Settings) -> BackupOverview:
    """As it is now."""
    proven = select(Backup).where(Backup.status == BackupStatus.KEPT, Backup.proof == BackupProof.PROVEN)
    return BackupOverview(
        records.newest(session),
        session.scalars(proven.order_by(Backup.id.desc()).limit(1)).one_or_none(),
        settings.backup_folder.resolve(),
        settings.backup_keep,
        bool(settings.backup_key),
    )


def why_too_old(session: Session, settings: Settings, at: datetime) -> str:
    """Why a backup should have been made by now; empty when there is a young one, or none are planned or wanted."""
    schedule = session.get(Schedule, JOB)
    if not settings.backup_keep or schedule is None:
        return ""
    newest = records.newest(session)
    since = newest.started_at if newest is not None else schedule.since
    if since >= at - OLDEST:
        return ""
    what = (
        phrase("The newest backup is of")
        if newest is not None
        else phrase("There is no backup; they are planned since")
    )
    return phrase("%(what)s %(iso)s, more than 25 hours ago.", what=what, iso=clock.iso(since))


def why_no_drill(backup: Backup) -> str:
    """Why this backup can't be proven now; empty when it can."""
    if backup.status == BackupStatus.KEPT:
        return ""
    return phrase("It is %(status)s: there is no file to restore.", status=in_words(backup.status))


def why_no_backup(settings: Settings) -> str:
    """Why no backup can be made now; empty when one can."""
    return "" if settings.backup_keep else OFF
