"""The page Backups: how it stands, what is in each, and what may be done; no way leads to the file itself."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.backups import backups, file_of
from tests.support.job_runs import run_job_now
from tests.support.people import send
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.scheduling import runs

SignIn = Callable[..., FlaskClient]


def test_without_a_backup_the_page_says_what_makes_one(desk: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/backups/").text
    assert "The job back_up makes one each night" in page
    assert "not encrypted: BACKUP_KEY is not set" in page
    assert "Restored, and rows, ledger" not in page
    assert 'href="/backups/back-up"' not in page


def test_each_has_when_size_how_long_and_whether_it_is_proven(desk: Runtime, sign_in: SignIn) -> None:
    run_job_now(desk, "back_up")
    (made,) = backups(desk)
    file_of(made).write_bytes(b"nothing")
    client = sign_in("viewer")
    page, one = client.get("/backups/").text, client.get(f"/backups/{made.id}").text
    for text in ("proven", "KiB", str(desk.settings.backup_folder)):
        assert text in page
    for text in (
        made.file,
        made.folder,
        made.host,
        str(made.sha256),
        made.heads["main"]["hash"],
        "be downloaded here",
    ):
        assert text in one
    run_job_now(desk, "back_up", drill=made.id)
    assert "is no backup of the desk" in client.get("/backups/").text
    assert "is no backup of the desk" in client.get(f"/backups/{made.id}").text
    with desk.db.reading() as session:
        record = session.scalars(select(Audit.id).where(Audit.action == "backup.make")).one()
    assert f'href="/backups/{made.id}"' in client.get(f"/audit/{record}").text
    assert client.get("/backups/99").status_code == 404
    assert str(made.sha256) in client.get("/backups/export.csv").text


def test_an_operator_starts_one_and_has_one_restored_as_runs_on_the_record(desk: Runtime, sign_in: SignIn) -> None:
    register_jobs(desk)
    operator = sign_in("operator")
    assert "Everybody works on meanwhile" in operator.get("/backups/back-up").text
    answer = send(operator, "/backups/back-up")
    assert answer.location == "/runs/1"
    again = send(operator, "/backups/back-up")
    assert "Run 1 of back_up is queued" in again.text
    run_job(desk, 1)
    (made,) = backups(desk)
    assert made.proof == "proven"
    assert "scratch database" in operator.get(f"/backups/{made.id}/drill").text
    assert send(operator, f"/backups/{made.id}/drill").location == "/runs/2"
    with desk.db.reading() as session:
        run = runs.get(session, 2)
    assert (run.job, run.by_name, run.parameters) == ("back_up", "The operator", {"drill": made.id})
    for role in ("viewer", "agent", "approver"):
        assert sign_in(role).get("/backups/back-up").status_code == 403


def test_what_can_not_be_done_says_why(desk: Runtime, sign_in: SignIn) -> None:
    run_job_now(desk, "back_up")
    (made,) = backups(desk)
    with desk.db.transaction() as session:
        session.merge(made).status = "removed"
    operator = sign_in("operator")
    assert "It is removed: there is no file to restore." in operator.get(f"/backups/{made.id}").text
    assert "is removed: there is no file" in send(operator, f"/backups/{made.id}/drill").text


def test_switched_off_the_page_says_so(desk: Runtime, sign_in: SignIn) -> None:
    desk.settings.backup_keep = 0
    operator = sign_in("operator")
    page = operator.get("/backups/").text
    assert "Backups are switched off: BACKUP_KEEP is 0." in page
    assert 'href="/backups/back-up"' not in page
    assert "Backups are switched off" in send(operator, "/backups/back-up").text
