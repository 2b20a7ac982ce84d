"""Starting: the declared jobs go into the schedule table."""

from webapp import clock
from webapp.jobs import registry
from webapp.runtime import Runtime
from webapp.services import schedules


def prepare(runtime: Runtime) -> None:
    """Put what the code declares into the schedule table. Safe to do at every start, by every process."""
    with runtime.db.transaction() as session:
        schedules.register(session, registry().values(), clock.now())
