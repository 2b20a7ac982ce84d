"""The page of what is kept: every kind with its days, what stays, and the archives."""

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.services.retention.old_rows import fill
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.models import Backup
from webapp.runtime import Runtime
from webapp.services.retention.registry import all_kinds


def test_it_has_every_kind_and_every_archive(desk: Runtime, sign_in: Callable[..., FlaskClient]) -> None:
    with desk.db.transaction() as session:
        fill(session, desk, clock.now())
    admin = sign_in("admin")
    before = admin.get("/retention/").text
    for kind in all_kinds():
        assert kind.label in before
        assert kind.setting in before
    assert "Nothing was archived yet" in before
    assert "Audit records" in before
    run_job_now(desk, "clean_up_data")
    after = admin.get("/retention/").text
    assert "deliveries-" in after
    assert "Nothing was archived yet" not in after
    assert sign_in("agent").get("/retention/").status_code == 403


def test_it_says_what_backups_and_reports_take(desk: Runtime, sign_in: Callable[..., FlaskClient]) -> None:
    admin = sign_in("admin")
    assert "0 are kept, 0 bytes." in " ".join(admin.get("/retention/").text.split())
    common = {"folder": "/b", "host": "h", "encrypted": False, "revision": "1", "rows": 1, "heads": {}}
    with desk.db.transaction() as session:
        for number, status in enumerate(("kept", "kept", "removed"), 1):
            how = {"run_id": number, "status": status, "started_at": clock.now(), "size": 1_536}
            session.add(Backup(file=f"f{number}", **how, **common))
    page = " ".join(admin.get("/retention/").text.split())
    assert "2 are kept, 3.0 KiB. The newest 14 stay (BACKUP_KEEP)." in page
    assert '<a href="/backups/">All backups</a>' in page
