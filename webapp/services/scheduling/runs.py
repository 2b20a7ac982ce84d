"""Runs, as people and machines ask for them: trigger, retry, look at. What happens inside one is `run_progress`."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.states import UNFINISHED_RUNS, RunStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotAllowed, NotFound, Overtaken
from webapp.models import Run, RunItem, Schedule
from webapp.services.audit import trail
from webapp.services.scheduling.run_queries import (
    FAILED,
    as_json,
    get,
    history,
    items,
    lines,
    recent,
    retried_items,
    transfers,
)
from webapp.services.scheduling.schedule_changes import locked
from webapp.services.scheduling.slots import claim_latest
from webapp.sql import database_now

__all__ = [
    "FAILED",
    "as_json",
    "cancel",
    "claim_for_outside_cron",
    "get",
    "history",
    "items",
    "lines",
    "queue_run",
    "recent",
    "repeat",
    "retried_items",
    "retry",
    "transfers",
    "trigger",
]


def trigger(
    session: Session,
    job: str,
    *,
    actor: Actor,
    dry_run: bool = False,
    at: datetime | None = None,
    trigger: Trigger = Trigger.MANUAL,
    parameters: dict[str, Any] | None = None,
) -> Run:
    """Ask for a run now. Raises Conflict, naming it, while another of the job is unfinished; dry runs never wait.

    `at` narrows it to what was due at an instant; of a job that moves money only some may say so. Raises NotAllowed.
    """
    actor.require("job:run")
    now = database_now(session)
    _refuse_future(at, now, dry_run)
    schedule = locked(session, job)
    if at is not None and not dry_run:
        _require_choice(schedule, actor)
    if not dry_run:
        _refuse_beside_another(session, job)
    return queue_run(session, job, actor, trigger, at or now, now, dry_run=dry_run, parameters=parameters)


def retry(session: Session, run_id: int, *, actor: Actor) -> Run:
    """A new run of only the items that failed in a finished one, as far as they are due still. That one is seen to by
    it, and leaves the list of failed runs.
    """
    actor.require("job:run")
    parent = get(session, run_id)
    if parent.status in UNFINISHED_RUNS:
        raise Conflict(
            phrase(
                "Run %(id)s is %(status)s still. Retry what failed when it has ended.",
                id=parent.id,
                status=parent.status,
            )
        )
    locked(session, parent.job)
    _refuse_beside_another(session, parent.job)
    failed = select(RunItem.id).where(RunItem.run_id == run_id, RunItem.outcome == FAILED).limit(1)
    if session.scalars(failed).first() is None:
        raise Conflict(phrase("Nothing failed in run %(run_id)s.", run_id=run_id))
    parent.dismissed_at = now = database_now(session)
    more: dict[str, Any] = {"parent_id": parent.id, "parameters": parent.parameters}
    return queue_run(session, parent.job, actor, Trigger.RETRY, parent.at, now, **more)


def repeat(session: Session, run_id: int, *, actor: Actor) -> Run:
    """A new run of the whole of a finished one, with what was asked of it, which is seen to by it.

    Raises Conflict beside another.
    """
    actor.require("job:run")
    parent = get(session, run_id)
    locked(session, parent.job)
    _refuse_beside_another(session, parent.job)
    parent.dismissed_at = now = database_now(session)
    more: dict[str, Any] = {"parent_id": parent.id, "parameters": parent.parameters}
    return queue_run(session, parent.job, actor, Trigger.MANUAL, parent.at, now, **more)


def cancel(session: Session, run_id: int, *, actor: Actor, at: datetime) -> None:
    """End a queued run before it begins; its slot counts as not done. Raises Conflict when it has begun or ended."""
    actor.require("job:run")
    run = session.get(Run, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise NotFound(phrase("There is no run %(run_id)s.", run_id=run_id))
    if run.status != RunStatus.QUEUED:
        raise Overtaken(
            phrase(
                "Run %(run_id)s is %(status)s. Only a run that waits can be cancelled.",
                run_id=run_id,
                status=run.status,
            )
        )
    run.status, run.finished_at, run.error = (
        RunStatus.FAILED,
        at,
        phrase("%(name)s cancelled it before it began.", name=actor.name),
    )
    trail.record(session, actor, "run.cancel", ("run", run_id), at=at, after={"job": run.job}, run_id=run_id)


def claim_for_outside_cron(
    session: Session, job: str, *, actor: Actor, at: datetime | None = None, dry_run: bool = False
) -> Run:
    """A queued run for `desk run`: of the latest slot if that has none yet, else without a slot. It waits its turn."""
    actor.require("job:run")
    now = database_now(session)
    if at is None and not dry_run:
        run_id = claim_latest(session, job, now, actor=actor)
        if run_id is not None:
            return get(session, run_id)
    _refuse_future(at, now, dry_run)
    schedule = locked(session, job)
    if at is not None and not dry_run:
        _require_choice(schedule, actor)
    return queue_run(session, job, actor, Trigger.MANUAL, at or now, now, dry_run=dry_run)


def claim_due_slot(session: Session, job: str, *, actor: Actor) -> Run | None:
    """A queued run of the slot that is due, for a cluster's clock; None when it has had its run, whoever made that."""
    actor.require("job:run")
    run_id = claim_latest(session, job, database_now(session), actor=actor)
    return None if run_id is None else get(session, run_id)


def _refuse_future(at: datetime | None, now: datetime, dry_run: bool) -> None:
    if at is not None and at > now and not dry_run:
        raise Invalid(
            phrase("Only a dry run can look at the future."), fields={"at": phrase("It can't be in the future.")}
        )


def _require_choice(schedule: Schedule, actor: Actor) -> None:
    if schedule.moves_money and not actor.may("job:choose-instant"):
        raise NotAllowed(
            phrase(
                "%(name)s may not choose the instant of %(job)s, which moves money. Leave `at` out: "
                "it does what is due now. Or make it a dry run.",
                name=actor.name,
                job=schedule.job,
            )
        )


def unfinished_of(session: Session, job: str) -> Run | None:
    """The job's run that is queued or running, the first of several; dry runs aside."""
    unfinished = select(Run).where(Run.status.in_(UNFINISHED_RUNS), Run.job == job, ~Run.dry_run).order_by(Run.id)
    return session.scalars(unfinished.limit(1)).first()


def _refuse_beside_another(session: Session, job: str) -> None:
    other = unfinished_of(session, job)
    if other is not None:
        raise Conflict(
            phrase(
                "Run %(id)s of %(job)s is %(status)s. Wait for it to end.", id=other.id, job=job, status=other.status
            )
        )


def queue_run(
    session: Session, job: str, actor: Actor, trigger: Trigger, at: datetime, now: datetime, **more: Any
) -> Run:
    """A queued run without a slot, on record with whoever asked for it. It waits its turn behind another."""
    run = Run(
        job=job,
        at=at,
        trigger=trigger,
        by=actor.key,
        by_name=actor.name,
        status=RunStatus.QUEUED,
        created_at=now,
        **more,
    )
    session.add(run)
    session.flush()
    details: dict[str, Any] = {"job": job, "dry_run": run.dry_run, "at": clock.iso(at), "trigger": str(trigger)}
    details |= {"parameters": run.parameters} if run.parameters else {}
    trail.record(session, actor, "job.run", ("run", run.id), at=now, after=details, run_id=run.id)
    return run
