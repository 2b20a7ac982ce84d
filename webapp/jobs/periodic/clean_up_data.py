"""Retention by kind: what is old enough goes, after it was archived."""

from datetime import datetime, timedelta

from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.services.retention import removal
from webapp.services.retention.registry import all_kinds
from webapp.services.retention.removal import Remover

CHUNK = 100
"""Rows that go in one transaction: SQLite's one writer, and what waits for a row, wait no longer than that takes."""
PLAIN_CHUNK = 250
"""The same of what is not archived: nothing is compressed and brought to the disk while the rows are locked."""


@job(title="Remove what is kept no longer", cron="0 2 * * 0", catch_up=CatchUp.SKIP, moves_money=False)
def clean_up_data(work: Work, at: datetime) -> None:
    """Remove what is older than it is kept for, kind by kind, archived first; never ledger, audit or disputes."""
    for kind in all_kinds():
        remover = Remover(kind, work.settings)
        due = kind.due(work.settings, min(work.now, at) if not work.dry_run else at)
        size = CHUNK if kind.archived or kind.file_column else PLAIN_CHUNK
        work.in_chunks(due, remover.remove, dry=remover.preview, size=size)
        work.log("data.would_go" if work.dry_run else "data.removed", kind=kind.name, rows=remover.count)
    _remove_orphans(work)
    _remove_archives(work, at)


def _remove_orphans(work: Work) -> None:
    before = work.now - timedelta(days=work.settings.staged_evidence_days)
    with work.db.reading() as session:
        files = removal.orphaned_files(session, work.runtime.evidence, before)
    for file in [] if work.dry_run else files:
        file.unlink(missing_ok=True)
    work.log("files.would_go" if work.dry_run else "files.removed", files=len(files))


def _remove_archives(work: Work, at: datetime) -> None:
    with work.db.reading() as session:
        files = removal.expired_archives(session, work.settings, at)
    for file in [] if work.dry_run else files:
        work.control.check()
        with work.db.transaction() as session:
            work.recorder.fence(session)
            folder = work.settings.archive_folder
            removal.remove_archive(session, folder, file, at=work.now, actor=work.actor, run_id=work.run_id)
    work.log("archives.would_go" if work.dry_run else "archives.removed", files=len(files))
