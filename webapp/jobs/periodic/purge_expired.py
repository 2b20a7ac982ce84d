"""Retention: what nobody needs any more goes each night; by hand, what is asked for many runs, disputes or orders."""

from datetime import datetime
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.rq_cleanup import clear
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.bulk_disputes import work_on_disputes
from webapp.jobs.steps.import_orders import work_on_import
from webapp.services.common import retention
from webapp.services.disputes import bulk
from webapp.services.orders import order_imports
from webapp.services.scheduling import bulk_actions


@job(title="Clear the queue of ended runs", cron="45 3 * * *", catch_up=CatchUp.SKIP)
def purge_expired(work: Work, at: datetime) -> None:
    """Clear what the queue keeps of ended runs; by hand, what is asked for many runs, disputes or orders of a file."""
    action = work.parameters.get("action")
    if action == bulk.ACTION:
        work_on_disputes(work)
    elif action == order_imports.ACTION:
        work_on_import(work)
    elif work.parameters:
        _perform_bulk_action(work)
    elif not work.dry_run:
        _clear(work)
        _purge(work)


def _perform_bulk_action(work: Work) -> None:
    actor = Actor("job", None, work.recorder.run.by_name, frozenset({"job:run"}), f"run-{work.run_id}")
    with work.db.reading() as session:
        ids = [run_id for run_id in bulk_actions.matching(session, work.parameters) if run_id != work.run_id]
    work.each("run", ids, partial(_one, parameters=work.parameters, actor=actor))


def _one(session: Session, run_id: int, *, parameters: dict[str, object], actor: Actor) -> None:
    bulk_actions.perform(session, parameters, run_id, actor)


def _purge(work: Work) -> None:
    with work.db.transaction() as session:
        work.recorder.fence(session)
        order_imports.purge(session, work.now)
    while True:
        work.control.check()
        with work.db.transaction() as session:
            work.recorder.fence(session)
            purged = retention.purge_expired(session, work.now)
        if purged < retention.AT_ONCE:
            return


def _clear(work: Work) -> None:
    try:
        work.log("queue.cleared", removed=clear(work.runtime.redis))
    except RedisError as problem:
        work.log("queue.unreachable", "warning", problem=type(problem).__name__)
