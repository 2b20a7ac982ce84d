"""Bulk work under a job's name is no figure of that job: its state, its bars, its rates, its totals, its report."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.declared_jobs import NOON, OPERATOR, Declare, planned
from webapp.domain.reports.periods import ReportPeriod
from webapp.domain.states import RunStatus
from webapp.jobs.run_job import run_here
from webapp.models import Alert, Run
from webapp.runtime import Runtime
from webapp.services.reports import operations
from webapp.services.retention.kinds.runs import _over
from webapp.services.scheduling import job_metrics, run_outcome, run_statistics, runs, schedules

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BULK = {"action": "disputes", "by": 1, "items": [], "request": {"what": "decide"}}
ASKED = {"account": "PLAIN"}
"""What a run of a job can be asked for that is the job's own work."""


def nothing(work: object, at: Any) -> None:
    """A job that has nothing to do."""


def ran(runtime: Runtime, minutes: int, **more: Any) -> int:
    """A run of the job, so many minutes after noon."""
    at = NOON + minutes * MINUTE
    row = {"job": "nightly", "at": at, "created_at": at, "started_at": at, "finished_at": at + MINUTE}
    row |= {"trigger": "manual", "by": "x", "by_name": "x", "status": RunStatus.SUCCEEDED, "amounts": {}}
    with runtime.db.transaction() as session:
        run = Run(**row | more)
        session.add(run)
        session.flush()
        return run.id


@pytest.fixture
def job(runtime: Runtime, declare: Declare) -> str:
    """A job whose run at noon was its own, after which bulk work failed under its name."""
    declare("nightly", nothing)
    planned(runtime, "nightly", NOON - HOUR)
    ran(runtime, 0, slot=NOON, trigger="schedule")
    ran(runtime, 1, parameters=ASKED, status=RunStatus.PARTIAL)
    ran(runtime, 30, parameters=BULK, status=RunStatus.FAILED, error="It was stopped.", processed=90)
    return "nightly"


def test_state_last_run_and_bars_are_of_the_jobs_own_runs(runtime: Runtime, job: str) -> None:
    with runtime.db.reading() as session:
        found = schedules.health_of(session, job, NOON + HOUR)
        bars = runs.recent(session, [job])[job]

    assert found.state == "on_time"
    assert found.last_run is not None
    assert found.last_run.parameters == ASKED
    assert [bar.status for bar in bars] == ["succeeded", "partial"]


def test_bulk_work_that_went_well_does_not_stand_for_a_run_of_the_job(runtime: Runtime, job: str) -> None:
    late = NOON + 26 * HOUR
    ran(runtime, 25 * 60, parameters=BULK)

    with runtime.db.reading() as session:
        assert schedules.health_of(session, job, late).state == "late"


def test_rates_lengths_and_the_last_that_ended_are_of_the_jobs_own_runs(runtime: Runtime, job: str) -> None:
    with runtime.db.reading() as session:
        found = run_statistics.of_job(session, job)
        last = job_metrics.last_finished(session)[job]

    assert found.outcomes == {"succeeded": 1, "partial": 1}
    assert found.items_per_second is None
    assert last.parameters == ASKED


def test_the_report_counts_the_jobs_own_runs_and_its_silence_between_them(runtime: Runtime, job: str) -> None:
    ran(runtime, 12 * 60, parameters=BULK)
    period = ReportPeriod(NOON.date(), NOON.date() + timedelta(days=1))

    with runtime.db.reading() as session:
        (found,) = (each for each in operations.jobs(session, period) if each.job == job)

    assert found.runs == {"succeeded": 1, "partial": 1}
    assert found.longest_silence_seconds == 12 * 3600


def test_totals_and_alerts_of_the_job_stay_as_they_are(runtime: Runtime, job: str) -> None:
    with runtime.db.transaction() as session:
        own, bulk = (Run(id=number, job=job, status="failed", error="Lost.", amounts={"KES": 5}) for number in (91, 92))
        own.failed = own.processed = bulk.failed = bulk.processed = 3
        own.succeeded = own.skipped = bulk.succeeded = bulk.skipped = 0
        bulk.parameters = BULK
        for run in (own, bulk):
            run.dry_run, run.trigger, run.slot, run.started_at = False, "manual", None, NOON
            run.at = run.created_at = NOON
            job_metrics.note(session, run)
            job_metrics.note_chunk(session, run)
            run_outcome.evaluate(session, run, None, NOON)
        session.expunge_all()

    with runtime.db.reading() as session:
        assert job_metrics.totals(session, job_metrics.RUNS)[job] == {"failed": 1}
        assert job_metrics.totals(session, job_metrics.MOVED)[job] == {"KES": 5}
        assert job_metrics.totals(session, job_metrics.CHUNKS)[job] == {"done": 1}
        fired = session.scalars(select(Alert).where(Alert.subject == job)).all()
    assert {alert.rule for alert in fired} == {"run_failed", "items_failed"}
    assert not any("92" in alert.sentence for alert in fired)


def test_bulk_work_that_went_well_ends_no_alert_of_the_job(runtime: Runtime, job: str) -> None:
    failed, well = ran(runtime, 40, status=RunStatus.FAILED, error="Lost."), ran(runtime, 50, parameters=BULK)
    with runtime.db.transaction() as session:
        for run_id in (failed, well):
            run_outcome.evaluate(session, runs.get(session, run_id), None, NOON + HOUR)

    with runtime.db.reading() as session:
        assert [alert.status for alert in session.scalars(select(Alert).where(Alert.subject == job))] == ["firing"]


def test_the_jobs_own_last_run_is_kept_however_much_bulk_work_came_after(runtime: Runtime, job: str) -> None:
    ran(runtime, 60, parameters=BULK)
    with runtime.db.reading() as session:
        gone = session.scalars(select(Run).where(_over(NOON + 90 * HOUR))).all()

    assert [run.status for run in gone] == ["succeeded"]


def test_a_bulk_run_repeated_whole_does_what_it_was_asked(runtime: Runtime, declare: Declare) -> None:
    seen: list[Any] = []
    declare("nightly", lambda work, at: seen.append(work.parameters))
    planned(runtime, "nightly", NOON - HOUR)
    failed = ran(runtime, 0, parameters=BULK, status=RunStatus.FAILED, error="It was stopped.")

    with runtime.db.transaction() as session:
        again = runs.repeat(session, failed, actor=OPERATOR).id
    run_here(runtime, again)

    assert seen == [BULK]
