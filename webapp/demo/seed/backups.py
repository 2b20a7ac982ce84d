"""Past backups of the demo, one for each night on which its job went well. Their files are gone: they are invented."""

from datetime import timedelta

from sqlalchemy import insert, select

from webapp import migrations
from webapp.demo.seed.context import SeedContext
from webapp.domain.states import BackupProof, BackupStatus, RunStatus
from webapp.jobs.periodic.back_up import JOB
from webapp.jobs.steps.backups.making import file_name, host
from webapp.models import Backup, Run

NIGHTS = 9
_FAILED, _NOT_PROVEN = 6, 3
"""How many nights ago one failed, and one could not be restored."""
_ROWS, _EVIDENCE, _BYTES_PER_ROW = 9_000, 130, 56


def add_backups(context: SeedContext) -> None:
    """The latest nights' of the runs that the demo has."""
    runs = select(Run).where(Run.job == JOB, Run.demo, Run.status == RunStatus.SUCCEEDED).order_by(Run.id.desc())
    rows = [_row(context, run, back) for back, run in enumerate(context.session.scalars(runs.limit(NIGHTS)))]
    if rows:
        context.session.execute(insert(Backup), rows[::-1])


def _row(context: SeedContext, run: Run, back: int) -> dict[str, object]:
    folder = context.runtime.settings.backup_folder.resolve()
    rows = _ROWS - back * 87
    started = run.started_at or run.at
    common = {
        "run_id": run.id,
        "started_at": started,
        "finished_at": started + timedelta(milliseconds=900 + 40 * (NIGHTS - back)),
        "folder": str(folder),
        "file": file_name(started, run.id),
        "host": host(),
        "encrypted": False,
        "revision": migrations.newest(),
        "rows": rows,
        "evidence_files": _EVIDENCE - back,
        "heads": {},
        "demo": True,
    }
    nothing = dict.fromkeys(("size", "sha256", "proof", "proof_at", "proof_reason", "error", "removed_at"))
    return nothing | common | _outcome(started + timedelta(seconds=2), rows, back)


def _outcome(at: object, rows: int, back: int) -> dict[str, object]:
    if back == _FAILED:
        error = "The backup could not be written: No space left on device."
        return {"status": BackupStatus.FAILED, "file": "", "error": error}
    size = {"size": rows * _BYTES_PER_ROW, "sha256": f"{rows:064x}", "proof_at": at}
    removed = {"status": BackupStatus.REMOVED, "removed_at": at} | size
    if back == _NOT_PROVEN:
        reason = "It could not be restored here: no scratch database could be made: the disk is full."
        return removed | {"proof": BackupProof.IMPOSSIBLE, "proof_reason": reason}
    return removed | {"proof": BackupProof.PROVEN}
