"""The nightly backup: made, proven, and the oldest removed; or, when a person asks, one that is there proven anew."""

import shutil
from datetime import datetime
from pathlib import Path

from webapp.domain.states import BackupProof, CatchUp
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.jobs import job, minutes
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.jobs.steps.backups import databases, making, proving
from webapp.jobs.steps.backups.workspace import workspace
from webapp.services.backups import overview, records

JOB = "back_up"
DRILL = "drill"
"""What a person may ask of a run: the number of a backup that is to be proven anew, and nothing to be made."""
STEPS, STEPS_OF_DRILL = 4, 1
OFF = overview.OFF


@job(
    title="Back up the database",
    cron="30 3 * * *",
    catch_up=CatchUp.ONCE,
    max_duration=minutes(180),
    long_run=minutes(60),
    moves_money=False,
)
def back_up(work: Work, at: datetime) -> None:
    """Back up the database and the evidence, prove the copy by restoring it elsewhere, and remove the oldest ones."""
    drill = work.parameters.get(DRILL)
    if not work.settings.backup_keep and not drill:
        raise NotConfigured(OFF)
    if work.dry_run:
        _preview(work)
        return
    with work.db.transaction() as session:
        work.recorder.fence(session)
        work.recorder.expect(session, STEPS_OF_DRILL if drill else STEPS)
    making.take_away_unfinished(work)
    with workspace(work.settings.var_dir) as folder:
        number = int(drill) if drill else making.make(work, folder)
        proved = proving.prove(work, number, folder)
    making.step(work, STEPS_OF_DRILL if drill else STEPS - 1)
    if not drill:
        _prune(work)
        making.step(work, STEPS)
    if proved.proof == BackupProof.FAILED:
        raise Conflict(
            phrase("Backup %(number)s is not proven to be whole: %(reason)s", number=number, reason=proved.reason)
        )


def _prune(work: Work) -> None:
    """Remove what is beyond BACKUP_KEEP, one transaction each."""
    with work.db.reading() as session:
        numbers = [row.id for row in records.beyond(session, work.settings.backup_keep)]
    for number in numbers:
        work.control.check()
        with work.db.transaction() as session:
            work.recorder.fence(session)
            records.remove(session, number, at=work.now, actor=work.actor, run_id=work.run_id)
    work.log("backup.pruned", backups=len(numbers))


def _preview(work: Work) -> None:
    """Say what a run would do, and whether it could."""
    settings = work.settings
    with work.db.reading() as session:
        databases.require_programs(session, settings)
        newest = records.newest(session)
        gone = max(0, records.count_kept(session) + 1 - settings.backup_keep)
    folder = settings.backup_folder.resolve()
    work.log(
        "backup.would_be_made",
        folder=str(folder),
        encrypted=bool(settings.backup_key),
        free=_free(folder),
        last_size=newest.size if newest else None,
        would_go=gone,
    )


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
