"""Slots: turning a planned instant into exactly one run, or into an explicit `missed`.

The unique (job, slot) decides who gets a slot, not a lease: two schedulers may ask at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import CatchUp, RunStatus, Trigger
from webapp.domain.words import phrase
from webapp.models import Run, Schedule
from webapp.services.scheduling.schedule_changes import insert_missed, locked
from webapp.sql import insert_new

SCHEDULER = Actor("job", None, "scheduler")
_EACH_AT_ONCE = 20
"""How many slots of an `each` job are claimed in one go; the next go takes the next ones."""
_WHY = phrase("Nothing ran when these slots were due.")


def due(session: Session, at: datetime) -> Sequence[Schedule]:
    """Schedules with a slot whose time has come, and those whose pause has ended."""
    ready = Schedule.paused_at.is_(None) & (Schedule.next_slot <= at)
    return session.scalars(
        select(Schedule).where(or_(ready, Schedule.paused_until <= at)).order_by(Schedule.next_slot)
    ).all()


def claim(session: Session, job: str, at: datetime, seen: datetime | None = None) -> list[int]:
    """Claim what is due of a job and say which runs that made: none when another was first.

    `seen` is the next slot the caller saw. When it is the only one due it is claimed without a lock; a stretch of
    slots is taken under the schedule's lock, so that two processes never divide it differently.
    """
    schedule = session.get(Schedule, job)
    if schedule is None or schedule.paused_at is not None:
        return []
    recurrence = Recurrence(schedule.cron, schedule.zone)
    first = seen or schedule.next_slot
    if first is None or first > at:
        return []
    if recurrence.next(first) <= at:
        return _claim_stretch(session, job, at)
    return _settle(session, schedule, recurrence, first, at)


def claim_latest(session: Session, job: str, at: datetime, *, actor: Actor) -> int | None:
    """The run of the latest slot, for an outside cron, by the job's rule of catching up; None when it has had its own.

    What was planned before it is recorded as missed. `each` takes the oldest first, and the last of them is the answer.
    """
    schedule = locked(session, job)
    recurrence = Recurrence(schedule.cron, schedule.zone)
    slot = recurrence.previous(at)
    if slot is None or slot < schedule.since or schedule.paused_at is not None:
        return None
    planned = schedule.next_slot if schedule.next_slot is not None else slot
    if planned < slot and schedule.catch_up == CatchUp.EACH:
        made = _settle_each(session, schedule, recurrence, at, actor)
        return made[-1] if made else None
    if planned < slot:
        insert_missed(session, job, planned, _before(recurrence, slot), at, _WHY)
    made = _settle(session, schedule, recurrence, slot, at, actor)
    return made[0] if made else None


def claim_for_call(session: Session, schedule: Schedule, at: datetime, *, actor: Actor) -> int | None:
    """The run of the latest slot, however late, also of one before the plan began; None when it has had its own.

    What was planned before it is settled by the job's rule of catching up. The schedule's row is locked already.
    """
    recurrence = Recurrence(schedule.cron, schedule.zone)
    slot = recurrence.previous(at)
    if slot is None:
        return None
    planned = schedule.next_slot if schedule.next_slot is not None else slot
    if planned < slot and schedule.catch_up == CatchUp.EACH:
        _settle_each(session, schedule, recurrence, at, actor)
    elif planned < slot:
        insert_missed(session, schedule.job, planned, _before(recurrence, slot), at, _WHY)
    if planned >= slot or schedule.catch_up != CatchUp.EACH:
        _advance(session, schedule.job, recurrence.next(slot))
    missed = _is_missed(session, schedule.job, slot)
    return None if missed else _insert_run(session, schedule.job, slot, Trigger.API, at, actor)


def _claim_stretch(session: Session, job: str, at: datetime) -> list[int]:
    schedule = locked(session, job)
    if schedule.next_slot is None or schedule.next_slot > at or schedule.paused_at is not None:
        return []
    recurrence = Recurrence(schedule.cron, schedule.zone)
    if schedule.catch_up == CatchUp.EACH:
        return _settle_each(session, schedule, recurrence, at)
    last = recurrence.previous(at) or schedule.next_slot
    if schedule.next_slot < last:
        insert_missed(session, job, schedule.next_slot, _before(recurrence, last), at, _WHY)
    return _settle(session, schedule, recurrence, last, at)


def _settle(
    session: Session,
    schedule: Schedule,
    recurrence: Recurrence,
    slot: datetime,
    at: datetime,
    actor: Actor = SCHEDULER,
) -> list[int]:
    """One slot: a run, or missed when it is later than its grace and the job does not catch up.

    None when it has a run, or is on record as missed already.
    """
    _advance(session, schedule.job, recurrence.next(slot))
    if _is_missed(session, schedule.job, slot):
        return []
    late = at > slot + timedelta(seconds=schedule.grace_seconds)
    if not _still_wanted(schedule, recurrence, slot, at, late):
        insert_missed(session, schedule.job, slot, slot, at, _WHY)
        return []
    made = _insert_run(session, schedule.job, slot, Trigger.CATCH_UP if late else Trigger.SCHEDULE, at, actor)
    return [made] if made else []


def _settle_each(
    session: Session, schedule: Schedule, recurrence: Recurrence, at: datetime, actor: Actor = SCHEDULER
) -> list[int]:
    first = schedule.next_slot or at
    slots = [first, *recurrence.upcoming(first, _EACH_AT_ONCE - 1)]
    made: list[int] = []
    for slot in [slot for slot in slots if slot <= at]:
        made += _settle(session, schedule, recurrence, slot, at, actor)
    return made


def _still_wanted(schedule: Schedule, recurrence: Recurrence, slot: datetime, at: datetime, late: bool) -> bool:
    if schedule.catch_up == CatchUp.ONCE_SAME_DAY:
        return recurrence.local_day(slot) == recurrence.local_day(at)
    return not late or schedule.catch_up != CatchUp.SKIP


def _advance(session: Session, job: str, following: datetime) -> None:
    # Forwards only, as the WHERE says: a slow scheduler that comes second must not plan a slot again.
    session.execute(
        update(Schedule)
        .where(Schedule.job == job, Schedule.next_slot < following)
        .values(next_slot=following)
        .execution_options(synchronize_session=False)
    )


def _insert_run(session: Session, job: str, slot: datetime, trigger: Trigger, at: datetime, actor: Actor) -> int | None:
    row = insert_new(session, Run).values(
        job=job,
        slot=slot,
        at=slot,
        trigger=trigger,
        by=actor.key,
        by_name=actor.name,
        status=RunStatus.QUEUED,
        created_at=at,
    )
    # The unique (job, slot) is what gives a slot one run; the scheduler's lease only saves work.
    return session.scalars(row.on_conflict_do_nothing().returning(Run.id)).one_or_none()


def _is_missed(session: Session, job: str, slot: datetime) -> bool:
    """Whether the slot lies within a stretch that is recorded as missed; only the first of one is in `run.slot`."""
    stretch = (Run.job == job, Run.status == RunStatus.MISSED, Run.slot <= slot, Run.missed_to >= slot)
    return session.scalars(select(Run.id).where(*stretch).limit(1)).first() is not None


def _before(recurrence: Recurrence, slot: datetime) -> datetime:
    return recurrence.previous(slot - timedelta(microseconds=1)) or slot
