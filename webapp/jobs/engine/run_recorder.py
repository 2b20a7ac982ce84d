"""A run's own account of itself: counts, amounts, named items, lines, and the cursor, written with each transaction."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import Refusal
from webapp.logs import get_logger
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome, RefusedItem, added
from webapp.services.scheduling import job_metrics, run_progress
from webapp.services.scheduling.run_progress import Progress, RunLease, RunLost, RunTotals
from webapp.sql import database_now

MOST_ITEMS = 5_000
MOST_LINES = 500
"""How many items and lines one attempt names; the counts go on."""
_LONGEST = 1_000


class RunRecorder:
    """What one attempt writes about its run. Amounts of a transaction count once it is committed."""

    def __init__(self, runtime: Runtime, run: Run, lease: timedelta) -> None:
        self.run, self.lease = run, RunLease(run.id, run.attempt, lease)
        self._db = runtime.db
        self._totals = RunTotals(dict(run.amounts or {}), dict(run.other_amounts or {}), run.parties)
        self._pending = self._totals
        self._cursor: Any = run.cursor
        self._pending_cursor: Any = run.cursor
        self._items, self._lines_left = 0, MOST_LINES
        self._lines: list[dict[str, Any]] = []
        self._written = 0
        self._expected: int | None = None
        self._logger = get_logger()

    @property
    def step(self) -> int:
        """Which walk of the job the last attempt was in; 1 is the first."""
        return int(self._cursor["step"]) if self._cursor else 1

    def cursor_of(self, step: int) -> dict[str, Any]:
        """Where a walk had got to: `after` the last row seen, with `left` ids that others had locked."""
        if self._cursor and self._cursor["step"] == step:
            return dict(self._cursor)
        return {"step": step, "after": None, "left": []}

    def fence(self, session: Session) -> None:
        """The fence: the first act of each of the run's transactions. Raises RunLost."""
        run_progress.fence(session, self.lease, database_now(session))

    @property
    def is_resumed(self) -> bool:
        """Whether another attempt has said already how many items there are."""
        return self.run.attempt > 1 and self.run.total is not None

    def expect(self, session: Session, items: int) -> None:
        """So many items more are to be done: the progress bar's whole. A resumed run knows its whole already."""
        if not self.is_resumed and (items or self._expected is None):
            self._expected = (self._expected or 0) + items
            run_progress.set_total(session, self.lease, self._expected)

    def record(self, act: Callable[[Session], Outcome]) -> None:
        """A transaction of the run: the fence first, then the act, and what it did counted last. Raises RunLost."""
        with self._db.transaction() as session:
            self.fence(session)
            self.count(session, act(session))
        # Only now: a transaction that rolled back must not have counted in the totals that the next one writes.
        self.committed()

    def count(
        self, session: Session, outcome: Outcome, cursor: dict[str, Any] | None = None, *, done: Sequence[int] = ()
    ) -> None:
        """The last act of a transaction of the run: what it did, and where it is. Raises RunLost.

        Those of `done` are named too.
        """
        if outcome.passed_on:
            self.expect(session, -outcome.passed_on)
        well = [RefusedItem(item, "", "") for item in done]
        named = [
            *_named(outcome, outcome.failed, "failed"),
            *_named(outcome, outcome.refused, "skipped"),
            *_named(outcome, well, "done"),
        ]
        progress = Progress(
            succeeded=outcome.done,
            failed=len(outcome.failed),
            skipped=len(outcome.refused),
            items=self._room_for(named),
        )
        self._write(session, progress, outcome, cursor)

    def fail_item(self, kind: str, item: int, problem: Exception, cursor: dict[str, Any] | None = None) -> None:
        """Name an item that failed, in a transaction of its own. Raises RunLost."""
        if isinstance(problem, RunLost):
            raise problem
        refused = isinstance(problem, Refusal)
        sentence = (
            str(problem)
            if refused
            else f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"
        )
        # What it says may name somebody: it stands on the run's page, beside the item, and in no log.
        self.log(
            "item.skipped" if refused else "item.failed",
            "info" if refused else "error",
            item=f"{kind}:{item}",
            problem=type(problem).__name__,
        )
        named = {
            "subject_kind": kind,
            "subject_id": item,
            "outcome": "skipped" if refused else "failed",
            "message": sentence[:_LONGEST],
        }
        progress = Progress(skipped=int(refused), failed=int(not refused), items=self._room_for([named]))
        with self._db.transaction() as session:
            self.fence(session)
            self._write(session, progress, Outcome(kind), cursor)
        self.committed()

    def committed(self) -> None:
        """The transaction that was counted last is committed."""
        self._totals, self._cursor = self._pending, self._pending_cursor
        # Those that were logged since it was written wait for the next: its acknowledgement may have been lost.
        del self._lines[: self._written]
        self._written = 0

    def log(self, event: str, level: str = "info", **fields: Any) -> None:
        """A line for the log, and for the run's page with the next transaction."""
        getattr(self._logger, level)(event, **fields)
        if self._lines_left > 0:
            self._lines_left -= 1
            self._lines.append({"at": clock.now(), "level": level, "event": event, "fields": fields})

    def flush(self, session: Session) -> None:
        """Write the lines that wait."""
        run_progress.note_lines(session, self.run.id, self._lines)
        self._written = len(self._lines)

    def _write(self, session: Session, progress: Progress, outcome: Outcome, cursor: Any) -> None:
        amounts = added({"": self._totals.amounts}, {"": outcome.amounts})[""]
        others = added(self._totals.other_amounts, outcome.other_amounts)
        parties = self._totals.parties if outcome.parties is None else outcome.parties
        self._pending = RunTotals(amounts, others, parties)
        self._pending_cursor = self._cursor if cursor is None else cursor
        run_progress.add(session, self.lease, progress, self._pending, self._pending_cursor)
        if not self.run.dry_run:
            job_metrics.note_chunk(session, self.run)
        self.flush(session)

    def _room_for(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        taken = items[: max(0, MOST_ITEMS - self._items)]
        self._items += len(taken)
        return taken


def _named(outcome: Outcome, some: Sequence[RefusedItem], how: str) -> list[dict[str, Any]]:
    kind = outcome.subject_kind
    return [
        {"subject_kind": kind, "subject_id": one.id, "outcome": how, "message": one.sentence[:_LONGEST]} for one in some
    ]
