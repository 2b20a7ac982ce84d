"""What people do to a schedule: pause it, resume it, change its plan and limits. Every change is audited."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.scheduling.recurrence import Recurrence, check
from webapp.domain.states import CatchUp, RunStatus, Trigger
from webapp.domain.words import joined, phrase
from webapp.errors import Invalid, NotFound, Overtaken
from webapp.models import Run, Schedule
from webapp.services.audit import trail
from webapp.sql import insert_new

_LIMITS = {
    "grace_seconds": (60, 32 * 86_400, phrase("The grace")),
    "max_duration_seconds": (1, 86_400, phrase("The maximum duration")),
    "long_run_seconds": (1, 86_400, phrase("The long-run threshold")),
    "failed_items_percent": (0, 100, phrase("The share of failed items")),
}
"""Smallest and largest value of each limit, and its name in sentences."""


@dataclass(frozen=True)
class ScheduleChanges:
    """The whole plan as an admin wants it."""

    cron: str
    zone: str
    grace_seconds: int
    max_duration_seconds: int
    long_run_seconds: int
    failed_items_percent: int
    catch_up: str


def change(
    session: Session, job: str, changes: ScheduleChanges, *, version: int, actor: Actor, at: datetime
) -> Schedule:
    """Change the plan; what passed under the old one is recorded as missed. Raises Invalid, or Conflict when stale."""
    actor.require("schedule:manage")
    schedule = locked(session, job)
    if schedule.version != version:
        raise Overtaken(
            phrase(
                "%(changed_by)s changed the schedule of %(job)s meanwhile. Your changes were not applied.",
                changed_by=schedule.changed_by,
                job=job,
            )
        )
    recurrence = _checked(changes, at)
    before = _facts(schedule)
    if (schedule.cron, schedule.zone) != (recurrence.cron, recurrence.zone):
        record_missed(session, schedule, at)
        schedule.since, schedule.next_slot = at, recurrence.next(at)
    for name, value in (asdict(changes) | {"cron": recurrence.cron}).items():
        setattr(schedule, name, value)
    schedule.changed_at, schedule.changed_by, schedule.version = at, actor.name, version + 1
    trail.record(
        session, actor, "schedule.change", ("schedule", 0), at=at, reason=job, before=before, after=_facts(schedule)
    )
    return schedule


def pause(
    session: Session, job: str, why: str, *, actor: Actor, at: datetime, until: datetime | None = None
) -> Schedule:
    """Plan no runs until it is resumed, or until an instant. People can still run it."""
    actor.require("job:pause")
    if not why.strip():
        raise Invalid(phrase("Say why the job is paused."), fields={"why": phrase("Say why the job is paused.")})
    if until is not None and until <= at:
        raise Invalid(phrase("A pause ends in the future."), fields={"until": phrase("A pause ends in the future.")})
    schedule = locked(session, job)
    if schedule.paused_at is not None:
        raise Overtaken(
            phrase(
                "%(paused_by)s paused %(job)s already: %(pause_reason)s",
                paused_by=schedule.paused_by,
                job=job,
                pause_reason=schedule.pause_reason,
            )
        )
    schedule.paused_at, schedule.paused_by, schedule.pause_reason = at, actor.name, why.strip()
    schedule.paused_until = until
    trail.record(
        session,
        actor,
        "schedule.pause",
        ("schedule", 0),
        at=at,
        reason=why.strip(),
        after={"job": job, "until": str(until or "")},
    )
    return schedule


def resume(session: Session, job: str, *, actor: Actor, at: datetime) -> Schedule:
    """Plan runs again from now on; the slots of the pause are recorded as missed."""
    actor.require("job:pause")
    schedule = locked(session, job)
    if schedule.paused_at is None:
        raise Overtaken(phrase("%(job)s is not paused.", job=job))
    _unpause(session, schedule, actor, at)
    return schedule


def resume_elapsed(session: Session, job: str, *, actor: Actor, at: datetime) -> bool:
    """Resume a job whose pause has come to its end; says whether it did."""
    schedule = locked(session, job)
    if schedule.paused_until is None or schedule.paused_until > at:
        return False
    _unpause(session, schedule, actor, at)
    return True


def locked(session: Session, job: str) -> Schedule:
    """The schedule's row, locked and read after the lock was got. Raises NotFound."""
    query = select(Schedule).where(Schedule.job == job).with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no job named %(job)s.", job=f"{job!r}"))
    return found


def record_missed(
    session: Session, schedule: Schedule, at: datetime, why: str = phrase("The schedule was changed.")
) -> None:
    """Record the planned slots up to an instant as missed, in one row, and plan on from there."""
    recurrence = Recurrence(schedule.cron, schedule.zone)
    first, last = schedule.next_slot, recurrence.previous(at)
    if first is not None and last is not None and first <= last:
        insert_missed(session, schedule.job, first, last, at, why)
    schedule.next_slot = recurrence.next(at)


def insert_missed(session: Session, job: str, first: datetime, last: datetime, at: datetime, why: str) -> None:
    """One row for a stretch of slots that no run will have."""
    row = insert_new(session, Run).values(
        job=job,
        slot=first,
        missed_to=last,
        at=first,
        trigger=Trigger.SCHEDULE,
        by="job:scheduler",
        by_name="scheduler",
        status=RunStatus.MISSED,
        created_at=at,
        finished_at=at,
        error=why,
    )
    session.execute(row.on_conflict_do_nothing())


def _unpause(session: Session, schedule: Schedule, actor: Actor, at: datetime) -> None:
    record_missed(
        session,
        schedule,
        at,
        phrase(
            "Paused by %(paused_by)s: %(pause_reason)s",
            paused_by=schedule.paused_by,
            pause_reason=schedule.pause_reason,
        ),
    )
    before = {"job": schedule.job, "why": schedule.pause_reason, "since": str(schedule.paused_at)}
    schedule.paused_at = schedule.paused_by = schedule.pause_reason = schedule.paused_until = None
    schedule.since = at
    trail.record(session, actor, "schedule.resume", ("schedule", 0), at=at, before=before, after={"job": schedule.job})


def _checked(changes: ScheduleChanges, at: datetime) -> Recurrence:
    wrong: dict[str, str] = {}
    for name, (least, most, label) in _LIMITS.items():
        if not least <= getattr(changes, name) <= most:
            wrong[name] = phrase(
                "%(label)s must be between %(least)s and %(most)s.", label=label, least=least, most=most
            )
    if changes.catch_up not in list(CatchUp):
        wrong["catch_up"] = phrase("Choose one of %(known)s.", known=", ".join(CatchUp))
    try:
        recurrence = check(changes.cron, changes.zone, at)
    except Invalid as invalid:
        wrong |= invalid.fields
    if wrong:
        raise Invalid(joined(*wrong.values()), fields=wrong)
    return recurrence


def _facts(schedule: Schedule) -> dict[str, Any]:
    return {"job": schedule.job} | {name: getattr(schedule, name) for name in ScheduleChanges.__annotations__}
