"""Calls of an outside scheduler: each claims the slot in whose time it comes, and its work is done once."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.scheduling.recurrence import Recurrence
from webapp.domain.states import RUNS_THAT_COUNT, UNFINISHED_RUNS, CatchUp, RunStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Run
from webapp.services.scheduling.run_queries import get
from webapp.services.scheduling.runs import queue_run
from webapp.services.scheduling.schedule_changes import locked
from webapp.services.scheduling.slots import claim_for_call
from webapp.sql import database_now


def run_of_call(session: Session, job: str, *, actor: Actor) -> Run:
    """The run that does the work of the latest slot: queued by this call, or whoever was first, be it finished or not.

    A call that claims its slot late does what is due now, not only what was due then. When the slot was missed, or its
    run broke down, the call makes another run, and later calls are given that. Raises Conflict while the job is paused.
    """
    actor.require("job:run")
    now = database_now(session)
    # The lock is what two calls at once wait for; with the scheduler the unique (job, slot) decides.
    schedule = locked(session, job)
    if schedule.paused_at is not None:
        raise Conflict(
            phrase(
                "%(paused_by)s paused %(job)s: %(pause_reason)s",
                paused_by=schedule.paused_by,
                job=job,
                pause_reason=schedule.pause_reason,
            )
        )
    claimed = claim_for_call(session, schedule, now, actor=actor)
    if claimed is not None:
        run = get(session, claimed)
        run.at = run.at if schedule.catch_up == CatchUp.EACH else now
        session.flush()
        return run
    slot = Recurrence(schedule.cron, schedule.zone).previous(now) or schedule.since
    return _working(session, job, slot) or queue_run(session, job, actor, Trigger.API, now, now)


def has_done_its_work(run: Run) -> bool:
    """Whether a finished run went through everything: also one all of whose items failed, each by itself."""
    return run.status in RUNS_THAT_COUNT or (run.status == RunStatus.FAILED and run.error is None)


def _working(session: Session, job: str, slot: datetime) -> Run | None:
    """The newest run that does the slot's work or has done it. What the demo tells of the past did none."""
    for_calls = (Run.trigger == Trigger.API, Run.parent_id.is_(None), Run.parameters.is_(None))
    in_its_time = or_(Run.slot == slot, and_(Run.slot.is_(None), Run.at >= slot, *for_calls))
    went_through = and_(Run.status == RunStatus.FAILED, Run.error.is_(None))
    works = or_(Run.status.in_([*UNFINISHED_RUNS, *RUNS_THAT_COUNT]), went_through)
    mine = (Run.job == job, ~Run.dry_run, ~Run.demo, in_its_time, works)
    return session.scalars(select(Run).where(*mine).order_by(Run.id.desc()).limit(1)).one_or_none()
