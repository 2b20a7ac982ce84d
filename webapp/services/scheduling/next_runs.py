"""When a job will run next, as a sentence can say it: not before an instant, and not while it is paused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from webapp.domain.instants import in_utc
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.words import phrase
from webapp.models import Schedule

_FORESEEN = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class NextRun:
    """A job's next run; `at` is None when none is foreseen."""

    job: str
    at: datetime | None
    is_paused: bool = False

    def in_words(self, does: str) -> str:
        """What the run does, with its time, or that there is none."""
        if self.is_paused:
            return phrase("%(job)s is paused: nothing happens by itself until it is resumed.", job=self.job)
        when = phrase(" with its run on %(at)s", at=in_utc(self.at)) if self.at else ""
        return phrase("%(job)s %(does)s%(when)s.", job=self.job, does=does, when=when)


def next_run(session: Session, job: str, at: datetime, not_before: datetime | None = None) -> NextRun:
    """The first planned run of a job that is not before an instant."""
    return run_of(session.get(Schedule, job), job, at, not_before)


def run_of(schedule: Schedule | None, job: str, at: datetime, not_before: datetime | None = None) -> NextRun:
    """The same, of a schedule that is read already."""
    if schedule is None or schedule.paused_at is not None:
        return NextRun(job, None, is_paused=schedule is not None)
    planned = schedule.next_slot
    if planned is None or not_before is None or not_before <= planned:
        return NextRun(job, planned)
    if not_before > at + _FORESEEN:
        return NextRun(job, None)
    return NextRun(job, Recurrence(schedule.cron, schedule.zone).next(not_before - timedelta(seconds=1)))
