"""No work with a wrong clock: looked at by everything that runs jobs, before it does."""

from sqlalchemy.exc import DBAPIError

from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services.monitoring import clock_skew
from webapp.services.monitoring.clock_skew import ClockOff
from webapp.services.scheduling import next_slots, processes
from webapp.sql import database_now


def clock_is_right(runtime: Runtime) -> bool:
    """Whether this machine's clock agrees with the database's; if not, the log says so.

    With the database away nobody can tell, and nothing can run.
    """
    try:
        with runtime.db.reading() as session:
            clock_skew.require(session, runtime.settings)
    except ClockOff as off:
        get_logger().error("clock.off", problem=off.detail)
        return False
    except DBAPIError:
        return True
    return True


def require_right_clock(runtime: Runtime, kind: str) -> None:
    """Raise ClockOff, with an alert, when it does not agree. For processes whose heart does not beat."""
    try:
        with runtime.db.reading() as session:
            clock_skew.require(session, runtime.settings)
    except ClockOff:
        with runtime.db.transaction() as session:
            processes.beat(session, kind, database_now(session), skew=clock_skew.measure(session))
        evaluate(runtime)
        raise


def put_plans_right(runtime: Runtime) -> list[str]:
    """Next slots that are further off than their plan allows are put right; which jobs' were."""
    with runtime.db.reading() as session:
        found = [each.job for each in next_slots.too_late(session, database_now(session))]
    return [job for job in found if _put_right(runtime, job)]


def _put_right(runtime: Runtime, job: str) -> bool:
    with runtime.db.transaction() as session:
        return next_slots.put_right(session, job, database_now(session))
