"""The alert rule about reports that their readers wait for."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.reports.periods import MAILED, ReportKind, last_complete
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import DeliveryStatus
from webapp.domain.words import phrase
from webapp.models import Delivery, Report, Schedule
from webapp.services.alerts.registry import Answer, rule
from webapp.services.reports import reports, subscriptions
from webapp.settings import Settings

JOBS = {ReportKind.WEEKLY: "send_weekly_report", ReportKind.MONTHLY: "send_monthly_report"}
PATIENCE = timedelta(hours=3)
"""For how long after its slot a report may be on its way."""


@rule(severity="warn")
def report_not_sent(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A report was due three hours ago, and was not made, or did not reach everybody who subscribes."""
    for kind in MAILED:
        slot = _last_slot(session, kind, at)
        if slot is not None:
            yield from _answers(session, kind, slot, settings)


def _last_slot(session: Session, kind: ReportKind, at: datetime) -> datetime | None:
    """When the last one was due; None for a plan that is younger, or paused."""
    schedule = session.get(Schedule, JOBS[kind])
    if schedule is None or schedule.paused_at is not None:
        return None
    slot = Recurrence(schedule.cron, schedule.zone).previous(at - PATIENCE)
    return slot if slot is not None and slot >= schedule.since else None


def _answers(session: Session, kind: ReportKind, slot: datetime, settings: Settings) -> Iterator[Answer]:
    period = last_complete(kind, slot)
    subject, report = f"{kind} {period.first}", reports.find(session, kind, period)
    what = phrase("The %(kind)s report of %(period)s", kind=kind, period=period)
    if report is None:
        yield subject, phrase("%(what)s was not made. Run %(job)s.", what=what, job=JOBS[kind]), ["not made"]
        return
    unsent = subscriptions.unsent(kind, report.id, since_before=slot).subquery()
    waiting = session.scalars(select(func.count()).select_from(unsent)).one()
    if waiting:
        why = (
            phrase("Run %(job)s.", job=JOBS[kind])
            if settings.smtp_url
            else phrase("No mail server is set: set SMTP_URL.")
        )
        yield (
            subject,
            phrase(
                "%(what)s was not sent to %(people)s who subscribed. %(why)s",
                what=what,
                people=_people(waiting),
                why=why,
            ),
            ["not sent"],
        )
        return
    dead = _undelivered(session, report)
    if dead:
        causes = [str(number) for number in dead]
        sentence = phrase(
            "%(what)s could not be delivered to %(people)s. Look at their letters among the deliveries.",
            what=what,
            people=_people(len(dead)),
        )
        yield subject, sentence, causes


def _undelivered(session: Session, report: Report) -> list[int]:
    """Its letters that will not arrive by themselves."""
    mine = (Delivery.subject_kind == subscriptions.SUBJECT, Delivery.subject_id == report.id)
    return list(
        session.scalars(select(Delivery.id).where(*mine, Delivery.status == DeliveryStatus.DEAD).order_by(Delivery.id))
    )


def _people(count: int) -> str:
    return phrase("one person") if count == 1 else phrase("%(count)s people", count=count)
