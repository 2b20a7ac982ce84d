"""The weekly and the monthly report: made once, and written once to each who subscribes, whatever happens between."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from email import message_from_string
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.job_runs import run_job_now
from tests.support.market import Market, person
from tests.support.people import SETUP
from tests.support.receivers import Letters, letters, with_settings
from webapp import clock
from webapp.domain.reports.periods import ReportKind, ReportPeriod, last_complete
from webapp.jobs.run_job import run_here
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.models import Audit, Delivery, Report, ReportFile, ReportRecipient, Run, RunItem, User
from webapp.runtime import Runtime
from webapp.services.reports import mailing, reports, subscriptions
from webapp.services.users import users

__all__ = ["letters"]

JOB = "send_weekly_report"


def people(runtime: Runtime, *names: str, zone: str = "Africa/Nairobi") -> list[int]:
    """So many who subscribe to the weekly report."""
    with runtime.db.transaction() as session:
        found = []
        for name in names:
            named: dict[str, Any] = {
                "email": f"{name}@desk.example",
                "name": name.title(),
                "password": "seven quiet herons",
            }
            user = users.create(session, **named, roles=["viewer"], at=clock.now(), actor=SETUP, zone=zone)
            subscriptions.subscribe(session, "weekly", at=clock.now(), actor=person(user.id, name, "viewer"))
            found.append(user.id)
    return found


def mailing_desk(runtime: Runtime, url: str = "smtp://127.0.0.1:9") -> Runtime:
    return with_settings(runtime, smtp_url=url)


def counts(runtime: Runtime) -> tuple[int, int, int, int]:
    """Reports, files, letters, and people written to."""
    with runtime.db.reading() as session:
        models = (Report, ReportFile, Delivery, ReportRecipient)
        return tuple(session.scalar(select(func.count()).select_from(model)) or 0 for model in models)  # type: ignore[return-value]


def test_it_is_made_once_and_each_is_written_to_once_whatever_is_run_again(runtime: Runtime) -> None:
    desk = mailing_desk(runtime)
    people(desk, "ama", "bo")
    run = run_job_now(desk, JOB)
    assert (run.status, run.succeeded, run.failed, run.total) == ("succeeded", 3, 0, 3)
    assert counts(desk) == (1, 2, 2, 2)
    with desk.db.transaction() as session:  # Letters go to the archive, and somebody has another address by then.
        session.execute(delete(Delivery))
        session.execute(update(User).where(User.name == "Ama").values(email="ama@new.example"))
    again = run_job_now(desk, JOB)
    assert (again.status, again.succeeded) == ("succeeded", 0)
    assert counts(desk) == (1, 2, 0, 2)
    with desk.db.reading() as session:
        report = session.scalars(select(Report)).one()
        assert (report.kind, report.run_id, report.made_by_name) == ("weekly", run.id, run.by_name)
        period = last_complete(ReportKind.WEEKLY, clock.now())
        assert (report.first_day, report.end_day) == (period.first, period.end)
        for file in reports.files_of(session, report.id):
            assert (file.size, file.sha256) == (len(file.content), hashlib.sha256(file.content).hexdigest())
        made = select(func.count()).where(Audit.action == "report.make", Audit.subject_id == report.id)
        assert session.scalar(made) == 1


def test_a_dry_run_changes_nothing_and_says_what_would_be(sqlite_runtime: Runtime) -> None:
    desk = mailing_desk(sqlite_runtime)
    people(desk, "ama", "bo")
    run = run_job_now(desk, JOB, dry_run=True)
    assert (run.status, run.succeeded) == ("succeeded", 3)
    assert counts(desk) == (0, 0, 0, 0)


def test_one_who_cannot_be_written_to_is_named_and_the_others_get_theirs(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = mailing_desk(sqlite_runtime)
    first, second, third = people(desk, "ama", "bo", "chi")
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.id == second).values(zone="Nowhere/At_All"))
    run = run_job_now(desk, JOB)
    assert (run.status, run.succeeded, run.failed) == ("partial", 3, 1)
    with desk.db.reading() as session:
        failed = session.scalars(select(RunItem).where(RunItem.run_id == run.id)).one()
        assert (failed.subject_kind, failed.subject_id) == ("user", second)
        assert set(session.scalars(select(ReportRecipient.user_id))) == {first, third}
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.id == second).values(zone="UTC"))
    assert run_job_now(desk, JOB).succeeded == 1
    assert counts(desk) == (1, 2, 3, 3)


def test_killed_after_it_was_made_or_amid_the_letters_nothing_is_lost_or_doubled(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, real = mailing_desk(sqlite_runtime), mailing.write
    people(desk, "ama", "bo", "chi")
    written: list[int] = []

    class Killed(BaseException):
        """The process ends here."""

    def dies_at_the_second(session: Any, report_id: int, user_id: int, **how: Any) -> bool:
        done = real(session, report_id, user_id, **how)
        written.append(user_id)
        if len(written) == 2:
            raise Killed
        return done

    monkeypatch.setattr(mailing, "write", dies_at_the_second)
    with pytest.raises(Killed):
        run_job_now(desk, JOB)
    assert counts(desk) == (1, 2, 1, 1)
    monkeypatch.setattr(mailing, "write", real)
    with desk.db.transaction() as session:  # The process is dead: its lease has ended.
        run = session.scalars(select(Run)).one()
        run.lease_until = clock.now() - timedelta(minutes=1)
    run = run_here(desk, run.id)
    assert (run.status, run.attempt, run.succeeded) == ("succeeded", 2, 4)
    assert counts(desk) == (1, 2, 3, 3)


def test_of_two_at_once_one_keeps_it_and_one_writes_each_letter(pg_runtime: Runtime) -> None:
    desk = mailing_desk(pg_runtime)
    [ama] = people(desk, "ama")
    period = ReportPeriod(date(2026, 3, 2), date(2026, 3, 9))
    with desk.db.reading() as session:
        draft = reports.draft(session, ReportKind.WEEKLY, period, at=clock.now(), maker="Ada")

    def keep(session: Session) -> int:
        return reports.keep(session, draft, actor=SETUP).id

    first, second = at_once(desk, [keep, keep])
    assert first == second
    write = partial(mailing.write, report_id=first, user_id=ama, at=clock.now(), settings=desk.settings)
    assert sorted(at_once(desk, [write, write])) == [False, True]
    assert counts(desk) == (1, 2, 1, 1)


def test_without_a_mail_server_it_is_made_and_waits_for_one(sqlite_runtime: Runtime) -> None:
    people(sqlite_runtime, "ama")
    run = run_job_now(sqlite_runtime, JOB)
    assert (run.status, run.succeeded) == ("succeeded", 1)
    assert counts(sqlite_runtime) == (1, 2, 0, 0)
    assert run_job_now(mailing_desk(sqlite_runtime), JOB).succeeded == 1
    assert counts(sqlite_runtime) == (1, 2, 1, 1)


def test_who_may_not_sign_in_or_has_no_role_or_is_of_the_demo_is_sent_none(sqlite_runtime: Runtime) -> None:
    desk = mailing_desk(sqlite_runtime)
    gone, bare, shown, stays = people(desk, "gone", "bare", "shown", "stays")
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.id == gone).values(active=False))
        session.execute(update(User).where(User.id == shown).values(demo=True))
        session.get_one(User, bare).roles = []
    run_job_now(desk, JOB)
    with desk.db.reading() as session:
        assert list(session.scalars(select(ReportRecipient.user_id))) == [stays]


def test_the_letter_has_both_files_and_its_readers_clock(sqlite_runtime: Runtime, letters: Letters) -> None:
    desk = mailing_desk(sqlite_runtime, letters.url)
    with desk.db.transaction() as session:
        period = last_complete(ReportKind.WEEKLY, clock.now())
        Market(session, desk, at=period.begins + timedelta(days=2)).escrow(250_000, currency="NGN")
    people(desk, "ama")
    run_job_now(desk, JOB)
    OutboxSender(desk).run()
    [(to, text)] = letters.got
    letter = message_from_string(text)
    assert to == ["ama@desk.example"]
    plain, pdf, table = list(letter.walk())[1:]
    payload = plain.get_payload(decode=True)
    body = payload.decode() if isinstance(payload, bytes) else ""
    assert "NGN 2,500.00 held at the end" in body
    assert "(Nairobi)" in body
    with desk.db.reading() as session:
        report = session.scalars(select(Report)).one()
        files = {file.format: file.content for file in reports.files_of(session, report.id)}
    assert (pdf.get_content_type(), pdf.get_payload(decode=True)) == ("application/pdf", files["pdf"])
    assert (table.get_content_type(), table.get_payload(decode=True)) == ("text/csv", files["csv"])
    assert pdf.get_filename() == f"weekly-report-{report.first_day}.pdf"


def test_days_that_somebody_asked_for_are_a_report_that_nobody_is_sent(sqlite_runtime: Runtime) -> None:
    desk = mailing_desk(sqlite_runtime)
    people(desk, "ama")
    today = clock.now().astimezone(UTC).date()
    asked: dict[str, Any] = {"from": str(today - timedelta(days=3)), "to": str(today - timedelta(days=1))}
    run = run_job_now(desk, "send_monthly_report", **asked)
    assert (run.status, run.succeeded) == ("succeeded", 1)
    assert run_job_now(desk, "send_monthly_report", **asked).succeeded == 0
    failed = run_job_now(desk, "send_monthly_report", **(asked | {"to": str(today)}))
    assert (failed.status, "not over yet" in (failed.error or "")) == ("failed", True)
    assert counts(desk) == (1, 2, 0, 0)


@pytest.mark.parametrize(
    ("kind", "at", "first", "end"),
    [
        (ReportKind.WEEKLY, datetime(2026, 11, 30, tzinfo=UTC), date(2026, 11, 23), date(2026, 11, 30)),
        (ReportKind.WEEKLY, datetime(2026, 11, 29, 23, 59, tzinfo=UTC), date(2026, 11, 16), date(2026, 11, 23)),
        (ReportKind.MONTHLY, datetime(2026, 3, 1, tzinfo=UTC), date(2026, 2, 1), date(2026, 3, 1)),
        (ReportKind.MONTHLY, datetime(2026, 1, 31, tzinfo=UTC), date(2025, 12, 1), date(2026, 1, 1)),
    ],
)
def test_the_period_is_the_last_one_that_is_over(kind: ReportKind, at: datetime, first: date, end: date) -> None:
    assert last_complete(kind, at) == ReportPeriod(first, end)


def test_a_slot_of_the_past_makes_the_report_of_its_own_period(sqlite_runtime: Runtime) -> None:
    run_job_now(sqlite_runtime, JOB, at=datetime(2026, 3, 2, 6, tzinfo=UTC))
    with sqlite_runtime.db.reading() as session:
        report = session.scalars(select(Report)).one()
    assert (report.first_day, report.end_day) == (date(2026, 2, 23), date(2026, 3, 2))
