"""Backups over HTTP: look at them, make one now, prove one that is there. The file itself is not handed out."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import NewestFirst, Page, ResponseModel, to_page
from webapp.api.jobs.endpoints import RUN_ADDRESS, triggered
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.domain.states import BackupProof, BackupStatus
from webapp.errors import Conflict
from webapp.jobs.periodic.back_up import DRILL, JOB
from webapp.models import Backup
from webapp.services.backups import overview, records

endpoints = Endpoints("backups")


class BackupsQuery(NewestFirst):
    """Which backups."""

    status: BackupStatus | None = None
    proof: BackupProof | None = None


class BackupShape(ResponseModel):
    """One backup. `proof` is how the last restore of it into a scratch database ended."""

    id: int
    run_id: int
    status: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    host: str
    folder: str
    file: str
    encrypted: bool
    size: int | None
    sha256: str | None
    revision: str
    rows: int
    evidence_files: int
    heads: Annotated[dict[str, Any], Field(description="Where each audit chain ended: its `seq` and `hash`.")]
    proof: str | None
    proof_at: AwareDatetime | None
    proof_reason: str | None
    error: str | None
    removed_at: AwareDatetime | None


@endpoints.get("/api/v1/backups", "job:read")
def list_backups(call: Call, query: BackupsQuery) -> Page[BackupShape]:
    """Backups, newest first."""
    found = newest_first(call.session, Backup, query, {Backup.status: query.status, Backup.proof: query.proof})
    return to_page(found, query, BackupShape.model_validate)


@endpoints.get("/api/v1/backups/<id:backup_id>", "job:read")
def get_backup(call: Call, backup_id: int) -> BackupShape:
    """One backup."""
    return BackupShape.model_validate(records.get(call.session, backup_id))


@endpoints.post("/api/v1/backups", "job:run", status=202, location=RUN_ADDRESS)
def start_backup(call: Call) -> RunShape:
    """Make a backup now, and prove it. Refused while another run of `back_up` is unfinished."""
    if why := overview.why_no_backup(call.runtime.settings):
        raise Conflict(why)
    return run_shape(triggered(call, JOB))


@endpoints.post("/api/v1/backups/<id:backup_id>/prove", "job:run", status=202, location=RUN_ADDRESS)
def prove_backup(call: Call, backup_id: int) -> RunShape:
    """Restore a backup into a scratch database now, and look at it there."""
    records.require_file(records.get(call.session, backup_id))
    return run_shape(triggered(call, JOB, parameters={DRILL: backup_id}))
