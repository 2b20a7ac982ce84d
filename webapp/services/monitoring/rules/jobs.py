"""Alert rules about jobs: one that is late or takes too long, silent processes, runs that wait for a worker."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import durations
from webapp.domain.states import RunStatus
from webapp.domain.words import phrase
from webapp.models import Run, Schedule
from webapp.services.alerts.registry import Answer, rule
from webapp.services.scheduling import processes
from webapp.services.scheduling.bulk_runs import own_runs
from webapp.services.scheduling.job_health import late_jobs
from webapp.services.scheduling.queue_depth import waiting
from webapp.settings import Settings

_MOST = 200


@rule(severity="page")
def no_execution(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A job has not run within its interval plus its grace."""
    for each in late_jobs(session, at):
        planned = clock.iso(each.late_since) if each.late_since else ""
        yield (
            each.job,
            phrase("%(job)s has not run since it was planned for %(planned)s.", job=each.job, planned=planned),
        )


@rule(severity="warn")
def running_long(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A run is taking longer than its threshold."""
    query = select(Run, Schedule.long_run_seconds).join(Schedule, Schedule.job == Run.job)
    for run, seconds in session.execute(query.where(Run.status == RunStatus.RUNNING, own_runs()).limit(_MOST)):
        if run.started_at and at - run.started_at > timedelta(seconds=seconds):
            yield (
                run.job,
                phrase(
                    "Run %(id)s of %(job)s has been running for more than %(most)s.",
                    id=run.id,
                    job=run.job,
                    most=durations.in_whole_seconds(seconds),
                ),
                [f"run {run.id}"],
            )


@rule(severity="page")
def silent(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The scheduler, or every worker, has been silent."""
    patience = timedelta(seconds=settings.silence_seconds)
    for kind, nobody in ((processes.SCHEDULER, phrase("No scheduler")), (processes.WORKER, phrase("No worker"))):
        if not processes.alive(session, kind, at, patience):
            yield (
                kind,
                phrase(
                    "%(nobody)s has been heard of for %(long)s.",
                    nobody=nobody,
                    long=durations.in_whole_seconds(settings.silence_seconds),
                ),
            )


@rule(severity="page")
def waiting_too_long(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """The oldest waiting run is too old."""
    now = waiting(session, at)
    if now.queued and now.oldest_seconds > settings.waiting_seconds:
        yield (
            "queue",
            phrase(
                "A run has waited for a worker for more than %(long)s.",
                long=durations.in_whole_seconds(settings.waiting_seconds),
            ),
        )
