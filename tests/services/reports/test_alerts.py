"""The alert that a report was not sent."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.jobs.periodic.test_send_reports import JOB, mailing_desk, people
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Delivery, ReportSubscription, Schedule
from webapp.runtime import Runtime
from webapp.services.alerts.registry import rules
from webapp.services.reports.alerts import PATIENCE


@pytest.fixture
def desk(sqlite_runtime: Runtime) -> Runtime:
    """A desk whose weekly report was due long enough ago, and nothing of the monthly one is asked."""
    register_jobs(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(Schedule).values(since=clock.now() - timedelta(days=60)))
        session.execute(update(Schedule).where(Schedule.job == "send_monthly_report").values(paused_at=clock.now()))
    return mailing_desk(sqlite_runtime)


def found(desk: Runtime, at: datetime | None = None) -> list[str]:
    with desk.db.reading() as session:
        question = rules()["report_not_sent"].question
        return [answer[1] for answer in question(session, at or clock.now(), desk.settings)]


def subscribed_before(desk: Runtime, *names: str) -> None:
    people(desk, *names)
    with desk.db.transaction() as session:
        session.execute(update(ReportSubscription).values(created_at=clock.now() - timedelta(days=30)))


def test_it_was_not_made(desk: Runtime) -> None:
    [sentence] = found(desk)
    assert "was not made. Run send_weekly_report." in sentence
    run_job_now(desk, JOB)
    assert found(desk) == []


def test_somebody_who_subscribed_was_sent_none(desk: Runtime) -> None:
    run_job_now(desk, JOB)
    subscribed_before(desk, "ama", "bo")
    [sentence] = found(desk)
    assert "was not sent to 2 people who subscribed. Run send_weekly_report." in sentence
    run_job_now(desk, JOB)
    assert found(desk) == []


def test_there_is_no_mail_server(desk: Runtime, sqlite_runtime: Runtime) -> None:
    subscribed_before(desk, "ama")
    run_job_now(sqlite_runtime, JOB)
    [sentence] = found(sqlite_runtime)
    assert "not sent to one person who subscribed. No mail server is set: set SMTP_URL." in sentence


def test_a_letter_could_not_be_delivered(desk: Runtime) -> None:
    subscribed_before(desk, "ama", "bo")
    run_job_now(desk, JOB)
    with desk.db.transaction() as session:
        first = session.scalars(select(Delivery.id).order_by(Delivery.id).limit(1)).one()
        session.execute(update(Delivery).where(Delivery.id == first).values(status="dead"))
    [sentence] = found(desk)
    assert "could not be delivered to one person" in sentence


def test_nobody_is_called_before_its_time_for_a_pause_or_for_who_subscribed_since(desk: Runtime) -> None:
    run_job_now(desk, JOB)
    people(desk, "late")
    assert found(desk) == []
    with desk.db.transaction() as session:
        session.execute(update(Schedule).where(Schedule.job == JOB).values(since=clock.now() - PATIENCE))
    assert found(desk, clock.now()) == []
