"""Backups over HTTP: listed, made and proven as runs; the file itself is not handed out."""

from tests.api.conftest import Caller
from tests.api.probes.test_metrics import figures
from tests.support.backups import backups
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.runtime import Runtime


def test_one_is_made_listed_and_proven_again(place: Runtime, caller: Caller) -> None:
    register_jobs(place)
    api = caller("jobs")
    assert "desk_backup_proven" not in figures(api)
    started = api.post("/api/v1/backups")
    assert (started.status_code, started.json["job"]) == (202, "back_up")
    assert started.headers["Location"].endswith(f"/api/v1/runs/{started.json['id']}")
    assert api.post("/api/v1/backups").status_code == 409
    run_job(place, started.json["id"])
    (made,) = backups(place)
    (listed,) = api.get("/api/v1/backups").json["data"]
    told = figures(api)
    assert (told["desk_backup_proven"], told["desk_backup_size_bytes"]) == (1, made.size)
    assert told["desk_backup_timestamp_seconds"] == made.started_at.timestamp()
    assert listed == api.get(f"/api/v1/backups/{made.id}").json
    assert (listed["status"], listed["sha256"], listed["heads"]) == ("kept", made.sha256, made.heads)
    assert api.get("/api/v1/backups", status="failed").json["data"] == []
    assert api.get("/api/v1/backups", proof=made.proof).json["data"] == [listed]
    proving = api.post(f"/api/v1/backups/{made.id}/prove")
    assert (proving.status_code, proving.json["job"]) == (202, "back_up")
    assert api.post("/api/v1/backups/99/prove").status_code == 404
    reading = caller("read")
    assert reading.get("/api/v1/backups").status_code == 200
    assert reading.post("/api/v1/backups").status_code == 403


def test_where_backups_are_switched_off_none_is_started(place: Runtime, caller: Caller) -> None:
    place.settings.backup_keep = 0
    refused = caller("jobs").post("/api/v1/backups")
    assert (refused.status_code, refused.json["detail"]) == (409, "Backups are switched off: BACKUP_KEEP is 0.")
