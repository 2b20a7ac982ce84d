"""The watch."""

from datetime import datetime

from redis.exceptions import RedisError

from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.recovery import sweep_runs
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.evaluate_alerts import evaluate_all
from webapp.services.approvals import approvals
from webapp.services.disputes import disputes
from webapp.services.notifications.messages import reminders
from webapp.services.scheduling import processes


@job(title="Watch over runs and deadlines", cron="*/5 * * * *", catch_up=CatchUp.SKIP)
def watch(work: Work, at: datetime) -> None:
    """Look for lost runs, silent processes, late jobs and silent parties; remind of deadlines, let approvals lapse."""
    if work.dry_run:
        return
    _sweep(work)
    with work.db.transaction() as session:
        processes.purge_expired(session, work.now)
        lapsed = approvals.expire_due(session, work.now, work.actor)
        silent = disputes.expire_due(session, work.now, work.actor)
        reminders.write(session, work.now, work.settings)
    fired = evaluate_all(work.runtime)
    work.log("watch.done", fired=fired, lapsed_approvals=lapsed, silent_parties=silent)


def _sweep(work: Work) -> None:
    """Without Redis nothing can be handed to workers; everything else is looked at all the same."""
    try:
        sweep_runs(work.runtime)
    except RedisError as problem:
        work.log("watch.redis_unreachable", "warning", problem=type(problem).__name__)
