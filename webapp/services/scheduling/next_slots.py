"""Next slots that are later than their plan allows: what a process with a wrong clock left, found and put right."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.alert_definitions import NEXT_SLOT_OFF
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import RunStatus
from webapp.domain.words import phrase
from webapp.models import Run, Schedule
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.scheduling.schedule_changes import locked
from webapp.services.scheduling.slots import SCHEDULER

ALERT_LASTS = timedelta(hours=1)
"""How long the alert stays after it was put right, so that somebody looks at the clocks."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def too_late(session: Session, at: datetime) -> Sequence[Schedule]:
    """Schedules whose next slot is later than the first one that their plan has after an instant."""
    planned = select(Schedule).where(Schedule.next_slot > at, Schedule.paused_at.is_(None)).order_by(Schedule.job)
    return [each for each in session.scalars(planned) if _is_late(each, at)]


def put_right(session: Session, job: str, at: datetime) -> bool:
    """Plan from the last slot that had its run or is on record as missed, fire an alert, and say whether it had to.

    What ran ahead of its slot keeps its run, without the slot; what was called missed ahead of time is not.
    """
    schedule = locked(session, job)
    if schedule.paused_at is not None or not _is_late(schedule, at):
        return False
    recurrence, before = Recurrence(schedule.cron, schedule.zone), schedule.next_slot
    _take_back(session, job, recurrence, at)
    schedule.since = min(schedule.since, at)
    schedule.next_slot = recurrence.next(max(_last(session, job), schedule.since))
    details = {"job": job, "next_slot": clock.iso(before) if before else None}
    after = {"job": job, "next_slot": clock.iso(schedule.next_slot)}
    trail.record(session, SCHEDULER, "schedule.put_right", ("schedule", 0), at=at, before=details, after=after)
    sentence = phrase(
        "The next slot of %(job)s was %(next_slot)s, later than its plan allows: a process had a wrong clock. "
        "It is %(now)s again. Check the clocks of all machines.",
        job=job,
        next_slot=details["next_slot"],
        now=after["next_slot"],
    )
    alerts.fire(session, NEXT_SLOT_OFF, job, sentence, at)
    return True


def _is_late(schedule: Schedule, at: datetime) -> bool:
    return schedule.next_slot is not None and schedule.next_slot > Recurrence(schedule.cron, schedule.zone).next(at)


def _take_back(session: Session, job: str, recurrence: Recurrence, at: datetime) -> None:
    ahead = (Run.job == job, Run.slot > at)
    session.execute(delete(Run).where(*ahead, Run.status == RunStatus.MISSED))
    for change, values in (
        ((*ahead,), {"slot": None}),
        ((Run.job == job, Run.missed_to > at), {"missed_to": recurrence.previous(at)}),
    ):
        session.execute(update(Run).where(*change).values(values).execution_options(synchronize_session=False))


def _last(session: Session, job: str) -> datetime:
    """The last slot that is settled; long ago when none is."""
    rows = select(func.max(Run.slot), func.max(Run.missed_to)).where(Run.job == job, Run.slot.is_not(None))
    settled = [instant for instant in session.execute(rows).one() if instant is not None]
    return max(settled, default=_LONG_AGO)
