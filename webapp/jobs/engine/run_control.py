"""What one attempt at a run may do still, and of what: given to everything that walks for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from webapp.db import Database
from webapp.domain.actors import Actor
from webapp.domain.states import Trigger
from webapp.jobs.engine.run_recorder import RunRecorder
from webapp.services.scheduling import run_progress


class Stopped(Exception):
    """The run stops before its end."""


class TimeLimit(Stopped):
    """The run has reached its maximum duration; what is left stays due."""


class StopRequested(Stopped):
    """The process is going down; the run goes back to the queue."""


@dataclass(frozen=True)
class RunControl:
    """The attempt's database, recorder, actor and instant, until when it may go on, and whether it shall stop."""

    db: Database
    recorder: RunRecorder
    actor: Actor
    at: datetime
    ends: float
    """By the monotonic clock."""
    stopping: Callable[[], bool]

    def check(self) -> None:
        """Raise Stopped when the run has to stop here: between two transactions, nothing half done."""
        if self.stopping():
            raise StopRequested
        if time.monotonic() > self.ends:
            raise TimeLimit

    def only_items(self, kind: str) -> list[int] | None:
        """In a retry, the items of this kind that failed before; None when everything due is to be done."""
        run = self.recorder.run
        if run.trigger != Trigger.RETRY or run.parent_id is None:
            return None
        with self.db.reading() as session:
            return run_progress.failed_items(session, run.parent_id, kind)
