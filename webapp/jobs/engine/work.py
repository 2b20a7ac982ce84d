"""What a job is given: it says what is due and what is done; chunks, commits, failures and progress are here."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.jobs.engine.chunks import Chunks, DryChunks
from webapp.jobs.engine.provider_batches import BatchRunner, ProviderBatch
from webapp.jobs.engine.run_control import RunControl
from webapp.jobs.engine.run_recorder import RunRecorder
from webapp.jobs.engine.slices import Slices, Walked
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.common.due import Due
from webapp.sql import database_now

Action = Callable[..., Outcome]


class NotConfigured(Exception):
    """What the job needs is not set up here: the run ends skipped with this sentence, and that alarms nobody."""


class Work:
    """One attempt at one run."""

    def __init__(
        self,
        runtime: Runtime,
        recorder: RunRecorder,
        actor: Actor,
        *,
        began: datetime,
        seconds: float,
        stopping: Callable[[], bool],
    ) -> None:
        """`began` is what the database's clock said: only a dry run looks at what is due later than that."""
        self.runtime, self.db, self.settings = runtime, runtime.db, runtime.settings
        self.recorder, self.actor = recorder, actor
        self.run_id, self.dry_run = recorder.run.id, recorder.run.dry_run
        self.at = recorder.run.at if self.dry_run else min(recorder.run.at, began)
        self.parameters: dict[str, Any] = dict(recorder.run.parameters or {})
        self.control = RunControl(self.db, recorder, actor, self.at, time.monotonic() + seconds, stopping)
        self._step = 0

    def in_chunks(
        self,
        due: Due,
        action: Action,
        dry: Action | None = None,
        only: list[int] | None = None,
        size: int | None = None,
    ) -> None:
        """Do the action to everything that is due, a chunk per transaction. In a dry run `dry` computes it instead.

        A retry takes the rows that failed before, or `only` those.
        """
        self._step += 1
        if self.dry_run:
            if dry is not None:
                DryChunks(self.control, due, dry).walk()
        elif self.recorder.step <= self._step:
            Chunks(self.control, due, action, self._step, only, size).walk()

    def in_provider_batches(
        self, batch: ProviderBatch[Any, Any], dry: Callable[[Session], Outcome] | None = None
    ) -> None:
        """Ask the outside about everything that is due, many at once. In a dry run `dry` says what would be asked."""
        if not self.dry_run:
            BatchRunner(self.control, batch, self.settings.provider_parallel_calls).run()
        elif dry is not None:
            with self.db.reading() as session:
                outcome = dry(session)
            self.recorder.record(lambda session: outcome)

    def in_slices(
        self,
        begin: Callable[[Session], Walked],
        go_on: Callable[[dict[str, Any]], Walked],
        look: Callable[[Session, Walked], Outcome],
        keep: Callable[[Session, Walked], None] | None = None,
    ) -> Walked:
        """Look at much that is not changed by it, a slice per snapshot, and keep after each where the walk is.

        What a slice leaves to be written `keep` writes, in the same transaction; not in a dry run. An attempt that
        takes the run over makes the walk of what was kept, by `go_on`.
        """
        self._step += 1
        return Slices(self.control, self._step).walk(begin, go_on, look, None if self.dry_run else keep)

    def each(self, kind: str, ids: Sequence[int], action: Callable[[Session, int], None]) -> None:
        """Do the action to each, one transaction per item; one that raises is named and the others go on."""
        if not self.dry_run:
            with self.db.transaction() as session:
                self.recorder.expect(session, len(ids))
        for item in ids:
            self.control.check()
            if not self.dry_run:
                self._one(kind, item, action)

    def attempt(self, kind: str, item: int, action: Callable[[Session, int], Outcome]) -> None:
        """Do one thing that does many, in a transaction of its own. When it raises it is named, and the run goes on."""
        self.control.check()
        self._one(kind, item, action)

    def log(self, event: str, level: str = "info", **fields: Any) -> None:
        """Write a line to the log and to the run's page."""
        self.recorder.log(event, level, **fields)

    @property
    def now(self) -> datetime:
        """The posting instant: now by the database's clock, not the planned one."""
        with self.db.reading() as session:
            return database_now(session)

    def _one(self, kind: str, item: int, action: Callable[[Session, int], Outcome | None]) -> None:
        try:
            self.recorder.record(lambda session: _done(session, kind, item, action))
        except Exception as problem:
            self.recorder.fail_item(kind, item, problem)


def _done(session: Session, kind: str, item: int, action: Callable[[Session, int], Outcome | None]) -> Outcome:
    made = action(session, item)
    return Outcome(kind, done=1) if made is None else made
