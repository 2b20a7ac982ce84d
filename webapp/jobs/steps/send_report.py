"""Making a report and writing it to who subscribes: what the weekly and the monthly job share."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from webapp.domain.instants import parse_day
from webapp.domain.reports import periods
from webapp.domain.reports.periods import ReportKind, ReportPeriod
from webapp.jobs.engine.work import Work
from webapp.services.common.batch_result import Outcome
from webapp.services.reports import mailing, reports, subscriptions


def send_report(work: Work, kind: ReportKind, at: datetime) -> None:
    """The report of the last period that is over at an instant: made unless it is there, and written to each
    subscriber who has not had it. A dry run says what would be done.
    """
    period = periods.last_complete(kind, at)
    if work.dry_run:
        _preview(work, kind, period)
        return
    report_id = _made(work, kind, period)
    with work.db.reading() as session:
        people = list(session.scalars(subscriptions.unsent(kind, report_id)))
    if people and not work.settings.smtp_url:
        work.log("channels.not_configured", channels=["email"], subscribers=len(people))
        return
    work.each("user", people, lambda session, user_id: _write(work, session, report_id, user_id))


def make_asked(work: Work) -> None:
    """The report of the days that somebody asked for; it is sent to nobody. Raises Invalid."""
    first, last = (parse_day(str(work.parameters[name]), UTC).date() for name in ("from", "to"))
    period = periods.chosen(first, last, work.now)
    if not work.dry_run:
        _made(work, ReportKind.CUSTOM, period)


def _made(work: Work, kind: ReportKind, period: ReportPeriod) -> int:
    """The number of the report, which is made when there is none: read and drawn outside of the transaction."""
    with work.db.reading() as session:
        kept = reports.find(session, kind, period)
    if kept is not None:
        work.log("report.there_already", kind=str(kind), period=str(period), report=kept.id)
        return kept.id
    with work.db.transaction() as session:
        work.recorder.fence(session)
        work.recorder.expect(session, 1)
    with work.runtime.replica.reading_from_now()() as session:
        draft = reports.draft(session, kind, period, at=work.now, maker=work.recorder.run.by_name)
    work.control.check()
    made: list[int] = []
    work.recorder.record(lambda session: _keep(work, session, draft, made))
    work.log("report.made", kind=str(kind), period=str(period), report=made[0])
    return made[0]


def _keep(work: Work, session: Session, draft: reports.ReportDraft, made: list[int]) -> Outcome:
    report = reports.keep(session, draft, actor=work.actor, run_id=work.run_id)
    made.append(report.id)
    return Outcome("report", done=1)


def _write(work: Work, session: Session, report_id: int, user_id: int) -> None:
    mailing.write(session, report_id, user_id, at=work.now, settings=work.settings)


def _preview(work: Work, kind: ReportKind, period: ReportPeriod) -> None:
    with work.db.reading() as session:
        kept = reports.find(session, kind, period)
        people = len(session.scalars(subscriptions.unsent(kind, kept.id if kept else 0)).all())
    work.log("report.would_be_made" if kept is None else "report.there_already", kind=str(kind), period=str(period))
    work.log("report.would_be_sent", people=people)
    work.recorder.record(lambda session: Outcome("report", done=int(kept is None) + people))
