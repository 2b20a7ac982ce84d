"""Schedules: the plan of every job, kept in the database. Defaults come from code; what admins changed wins."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.scheduling.job_spec import JobSpec
from webapp.domain.scheduling.recurrence import Recurrence, check
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Schedule
from webapp.services.scheduling.job_health import JobHealth, health, health_of
from webapp.services.scheduling.schedule_changes import ScheduleChanges, change, pause, resume, resume_elapsed
from webapp.sql import insert_new

__all__ = [
    "JobHealth",
    "ScheduleChanges",
    "all_schedules",
    "change",
    "get",
    "health",
    "health_of",
    "pause",
    "preview",
    "register",
    "resume",
    "resume_elapsed",
]


def all_schedules(session: Session) -> Sequence[Schedule]:
    """Every schedule, by job."""
    return session.scalars(select(Schedule).order_by(Schedule.job)).all()


def get(session: Session, job: str) -> Schedule:
    """One schedule. Raises NotFound."""
    found = session.get(Schedule, job)
    if found is None:
        raise NotFound(phrase("There is no job named %(job)s.", job=f"{job!r}"))
    return found


def preview(cron: str, zone: str, at: datetime, count: int = 5) -> list[datetime]:
    """The next slots of a plan that may not be stored yet. Raises Invalid naming `cron` or `zone`."""
    return check(cron, zone, at).upcoming(at, count)


def register(session: Session, specs: Iterable[JobSpec], at: datetime) -> None:
    """Put declared jobs into the table and refresh those no admin changed.

    Rows of other jobs stay: during an upgrade, a process of another version may know them.
    """
    known = {schedule.job: schedule for schedule in all_schedules(session)}
    new = []
    for spec in specs:
        schedule = known.get(spec.name)
        if schedule is None:
            new.append(_defaults(spec, at))
        else:
            _refresh(schedule, spec, at)
    if new:
        session.execute(insert_new(session, Schedule).on_conflict_do_nothing(), new)


def _refresh(schedule: Schedule, spec: JobSpec, at: datetime) -> None:
    schedule.description, schedule.moves_money = spec.description, spec.moves_money
    if schedule.changed_at is None and _plan(schedule) != (spec.cron, spec.zone):
        for name, value in _defaults(spec, at).items():
            setattr(schedule, name, value)
    elif schedule.next_slot is None:
        schedule.next_slot = Recurrence(schedule.cron, schedule.zone).next(at)


def _plan(schedule: Schedule) -> tuple[str, str]:
    return schedule.cron, schedule.zone


def _defaults(spec: JobSpec, at: datetime) -> dict[str, object]:
    return {
        "job": spec.name,
        "description": spec.description,
        "cron": spec.cron,
        "zone": spec.zone,
        "grace_seconds": int(spec.grace_at(at).total_seconds()),
        "max_duration_seconds": int(spec.max_duration.total_seconds()),
        "long_run_seconds": int(spec.long_run.total_seconds()),
        "failed_items_percent": spec.failed_items_percent,
        "catch_up": spec.catch_up,
        "moves_money": spec.moves_money,
        "next_slot": Recurrence(spec.cron, spec.zone).next(at),
        "since": at,
        "version": 1,
    }
