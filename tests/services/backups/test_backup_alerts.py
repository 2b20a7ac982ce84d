"""Alerts about backups: one that failed, one that is too old, one that is not proven; none where they are off."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.support.backups import with_settings
from tests.support.market import NOW
from webapp import clock, health_checks
from webapp.domain.states import CatchUp
from webapp.models import Backup, Schedule
from webapp.runtime import Runtime
from webapp.services.alerts.registry import rules
from webapp.settings import Settings

RULES = ("backup_failed", "backup_too_old", "backup_unproven")


def schedule(session: Session, since: datetime) -> None:
    """The plan of the job."""
    seconds = {"grace_seconds": 1, "max_duration_seconds": 1, "long_run_seconds": 1, "failed_items_percent": 1}
    plan = Schedule(
        job="back_up", cron="30 3 * * *", zone="UTC", catch_up=CatchUp.ONCE, since=since, next_slot=None, **seconds
    )
    session.add(plan)
    session.flush()


def backup(session: Session, number: int, started: timedelta, **more: object) -> None:
    """A backup that was made so long ago."""
    values: dict[str, object] = {"status": "kept", "proof": "proven", "finished_at": NOW - started}
    common = {"folder": "/b", "file": f"f{number}", "host": "h", "encrypted": False, "revision": "0053", "rows": 1}
    session.add(Backup(run_id=number, started_at=NOW - started, heads={}, **common, **(values | more)))
    session.flush()


def asked(session: Session, settings: Settings) -> dict[str, list[str]]:
    """What each rule says, of those that say something."""
    found = {name: [each[1] for each in rules()[name].question(session, NOW, settings)] for name in RULES}
    return {name: sentences for name, sentences in found.items() if sentences}


def test_a_desk_that_was_just_made_has_no_backup_and_that_is_no_matter(runtime: Runtime, session: Session) -> None:
    settings = runtime.settings
    assert asked(session, settings) == {}
    schedule(session, NOW - timedelta(hours=25))
    assert asked(session, settings) == {}
    session.execute(update(Schedule).values(since=NOW - timedelta(hours=25, seconds=1)))
    assert list(asked(session, settings)) == ["backup_too_old"]
    assert asked(session, settings.model_copy(update={"backup_keep": 0})) == {}


@pytest.mark.parametrize(
    ("made", "hours", "fires"),
    [
        ({}, 25, []),
        ({}, 26, ["backup_too_old"]),
        ({"proof": "impossible", "proof_reason": "No place."}, 1, ["backup_unproven"]),
        ({"proof": "failed", "proof_reason": "A table lacks rows."}, 1, ["backup_failed"]),
        ({"status": "removed", "proof": "failed"}, 1, ["backup_too_old"]),
        ({"status": "failed", "proof": None, "error": "The disk is full."}, 1, ["backup_failed", "backup_too_old"]),
        ({"status": "making", "proof": None}, 1, ["backup_too_old"]),
    ],
)
def test_the_newest_backup_says_what_is_the_matter(
    sqlite_runtime: Runtime, made: dict[str, object], hours: int, fires: list[str]
) -> None:
    with sqlite_runtime.db.transaction() as session:
        schedule(session, NOW - timedelta(days=9))
        backup(session, 1, timedelta(hours=hours), **made)
        assert list(asked(session, sqlite_runtime.settings)) == fires
        assert asked(session, sqlite_runtime.settings.model_copy(update={"backup_keep": 0})) == {}


def test_a_failure_is_over_with_the_next_backup_and_a_bad_one_when_it_goes(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.transaction() as session:
        backup(session, 1, timedelta(hours=9), status="failed", error="The disk is full.", proof=None)
        backup(session, 2, timedelta(hours=8), proof="failed", proof_reason="A table lacks rows.")
        backup(session, 3, timedelta(hours=7))
        assert asked(session, sqlite_runtime.settings) == {
            "backup_failed": ["Backup 2 is not proven to be whole: A table lacks rows."]
        }
        session.execute(update(Backup).where(Backup.id == 2).values(status="removed"))
        assert asked(session, sqlite_runtime.settings) == {}


@pytest.mark.parametrize(
    ("made", "hours", "verdict", "sentence"),
    [
        ({}, 1, "ok", "it was restored and found whole"),
        ({}, 26, "wrong", "more than 25 hours ago"),
        ({"proof": "impossible", "proof_reason": "No place."}, 1, "warning", "is not proven: No place."),
        ({"proof": None}, 1, "warning", "it waits for its proof"),
        (None, 1, "ok", "planned for the coming night"),
        (None, 26, "wrong", "There is no backup"),
    ],
)
def test_the_doctor_says_the_same(
    sqlite_runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    made: dict[str, object] | None,
    hours: int,
    verdict: str,
    sentence: str,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with sqlite_runtime.db.transaction() as session:
        schedule(session, NOW - timedelta(hours=hours))
        if made is not None:
            backup(session, 1, timedelta(hours=hours), **made)
    found = health_checks.backups(sqlite_runtime)
    assert (found.verdict, sentence in found.found) == (verdict, True), found
    off = health_checks.backups(with_settings(sqlite_runtime, backup_keep=0))
    assert (off.verdict, "BACKUP_KEEP" in off.found) == ("warning", True)
