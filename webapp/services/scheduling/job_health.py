"""Is every job on time? Computed from the database alone, so that it shows when everything else is dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.scheduling.cron_descriptions import in_words
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import RUNS_THAT_COUNT, RunStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Run, Schedule
from webapp.services.scheduling.bulk_runs import own_runs

_BY_LAST_RUN = {
    RunStatus.RUNNING: "running",
    RunStatus.FAILED: "failed",
    RunStatus.LOST: "lost",
    RunStatus.MISSED: "missed",
}


@dataclass(frozen=True)
class JobHealth:
    """How one job is doing. `late_since` is the planned instant that it has missed by more than its grace."""

    job: str
    description: str
    schedule: Schedule
    state: str
    """`on_time`, `running`, `late`, `missed`, `failed`, `lost` or `paused`."""
    late_since: datetime | None
    warns_at: datetime | None
    last_run: Run | None
    """The last that took what was due; neither a retry of some of its items nor bulk work stands in its place."""
    last_retry: Run | None
    """The last retry of what failed in it."""
    last_good: Run | None
    next_slot: datetime | None
    words: str


def health(session: Session, at: datetime) -> list[JobHealth]:
    """Every job's health, by name."""
    return _of(session, session.scalars(select(Schedule).order_by(Schedule.job)).all(), at)


def health_of(session: Session, job: str, at: datetime) -> JobHealth:
    """One job's health. Raises NotFound."""
    schedule = session.get(Schedule, job)
    if schedule is None:
        raise NotFound(phrase("There is no job named %(job)s.", job=f"{job!r}"))
    return _of(session, [schedule], at)[0]


def expected_by(schedule: Schedule, last_good: Run | None) -> tuple[datetime, datetime]:
    """The slot after the last run that counts, and the instant from which its absence is a warning."""
    done = (last_good.slot or last_good.created_at) if last_good else schedule.since
    slot = Recurrence(schedule.cron, schedule.zone).next(max(done, schedule.since))
    return slot, slot + timedelta(seconds=schedule.grace_seconds)


def _of(session: Session, schedules: Sequence[Schedule], at: datetime) -> list[JobHealth]:
    ids = {row.job: (row.last or 0, _greatest(row[2:])) for row in session.execute(_last_ids(schedules))}
    wanted = {run_id for pair in ids.values() for run_id in pair}
    runs = {run.id: run for run in session.scalars(select(Run).where(Run.id.in_(wanted)))}
    retries = _last_retries(session, [last for last, _ in ids.values() if last])
    found = [(schedule, *ids[schedule.job]) for schedule in schedules]
    return [_judged(schedule, runs.get(last), retries.get(last), runs.get(good), at) for schedule, last, good in found]


def _last_retries(session: Session, run_ids: Sequence[int]) -> dict[int | None, Run]:
    """The newest retry of each of these runs."""
    query = select(Run).where(Run.parent_id.in_(run_ids), Run.trigger == Trigger.RETRY).order_by(Run.id)
    return {run.parent_id: run for run in session.scalars(query)}


def _last_ids(schedules: Sequence[Schedule]) -> Any:
    """Per job the id of its last run, and of its last run by each status that counts: a few probes of an index each."""
    columns = [_last(Run.trigger != Trigger.RETRY).label("last")]
    counting = or_(Run.slot.is_not(None), Run.at >= Run.created_at), Run.trigger != Trigger.RETRY
    columns += [_last(Run.status == status, *counting) for status in RUNS_THAT_COUNT]
    return select(Schedule.job, *columns).where(Schedule.job.in_([schedule.job for schedule in schedules]))


def _last(*conditions: Any) -> Any:
    query = select(Run.id).where(Run.job == Schedule.job, ~Run.dry_run, own_runs(), *conditions)
    return query.order_by(Run.id.desc()).limit(1).correlate(Schedule).scalar_subquery()


def _greatest(ids: Sequence[int | None]) -> int:
    return max((i for i in ids if i), default=0)


def _judged(schedule: Schedule, last: Run | None, retry: Run | None, good: Run | None, at: datetime) -> JobHealth:
    slot, warns_at = expected_by(schedule, good)
    paused = schedule.paused_at is not None
    late = not paused and at > warns_at
    return JobHealth(
        job=schedule.job,
        description=phrase(schedule.description),
        schedule=schedule,
        state="paused" if paused else _state(retry or last, late),
        late_since=slot if late else None,
        warns_at=None if paused else warns_at,
        last_run=last,
        last_retry=retry,
        last_good=good,
        next_slot=schedule.next_slot,
        words=in_words(schedule.cron),
    )


def _state(last: Run | None, late: bool) -> str:
    state = _BY_LAST_RUN.get(RunStatus(last.status)) if last else None
    if late:
        return "missed" if state == "missed" else "running" if state == "running" else "late"
    return "on_time" if state in (None, "missed") else state


def late_jobs(session: Session, at: datetime) -> list[JobHealth]:
    """Those that have not run within their interval plus grace."""
    return [each for each in health(session, at) if each.late_since is not None]
