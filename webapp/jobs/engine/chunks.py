"""Walking over what is due: a chunk per transaction, a bad item left alone and named, a locked one tried again last."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import DBAPIError

from webapp import clock
from webapp.errors import Refusal
from webapp.jobs.engine.run_control import RunControl
from webapp.services.common.batch_result import MOST_PARTIES, Outcome, added
from webapp.services.common.due import Due
from webapp.services.scheduling import run_progress
from webapp.services.scheduling.run_progress import RunLost
from webapp.sql import database_now, is_sqlite, lock_found, one_of

CHUNK = 5_000
MOST_LEFT = 500
"""How many rows that others had locked are remembered before they are waited for."""
MOST_COUNTED = 1_000_000
"""Up to how many due rows are counted for the progress bar."""
_TRIES = 5
_PASSING = ("40001", "40P01", "57P01", "57P02", "57P03", "08006", "08003", "08001")
"""SQLSTATEs of what goes away by itself: serialization, deadlock, a server that restarts, a lost connection."""

Row = Sequence[Any]


class Chunks:
    """One walk of a real run."""

    def __init__(
        self,
        control: RunControl,
        due: Due,
        action: Callable[..., Outcome],
        step: int,
        only: list[int] | None,
        size: int | None = None,
    ) -> None:
        """`only` are the rows that a retry takes, where these are not its failed items themselves; `size` is that of a
        chunk, or CHUNK.
        """
        self._size = CHUNK if size is None else size
        self._control, self._due, self._action, self._db, self._recorder = (
            control,
            due,
            action,
            control.db,
            control.recorder,
        )
        self._kind = due.model.__tablename__
        self._cursor = self._recorder.cursor_of(step)
        self._meant: dict[str, Any] | None = None
        self._only = control.only_items(self._kind) if only is None else only

    def walk(self) -> None:
        """Every row that is due, in order; then those that were locked, waiting for them."""
        self._count()
        while page := self._page():
            self._control.check()
            self._do(page, advance=True)
            if len(self._cursor["left"]) >= MOST_LEFT:
                self._do_left()
        self._do_left()

    def _page(self) -> list[Row]:
        after = self._cursor["after"]
        seen = None if after is None else tuple(_decoded(value) for value in after)
        query = _id_and_keys(self._due, self._due.after(seen, self._size))
        with self._db.reading() as session:
            if self._only is not None:
                query = query.where(one_of(session, self._due.model.__table__.c.id, self._only))
            return list(session.execute(query))

    def _count(self) -> None:
        if self._recorder.is_resumed:
            return
        total = self._how_many()
        with self._db.transaction() as session:
            self._recorder.fence(session)
            self._recorder.expect(session, total)

    def _how_many(self) -> int:
        if self._only is not None:
            return len(self._only)
        rows = self._due.select.limit(MOST_COUNTED).subquery()
        # Not in the transaction that writes the number: on SQLite everybody else who writes would wait for the count.
        with self._db.reading() as session:
            return session.scalars(select(func.count()).select_from(rows)).one()

    def _do_left(self) -> None:
        """Rows that were locked: first those that are free by now, then each by itself, waiting for its lock."""
        left: list[Row] = [[item] for item in self._cursor["left"]]
        self._cursor["left"] = []
        if not left:
            return
        self._do(left, advance=False)
        still, self._cursor["left"] = [[item] for item in self._cursor["left"]], []
        for row in still:
            self._control.check()
            self._do([row], advance=False, wait=True)

    def _do(self, rows: list[Row], *, advance: bool, wait: bool = False) -> None:
        try:
            self._with_retries(rows, advance, wait)
        except (RunLost, Refusal):
            raise
        except Exception as problem:
            if len(rows) == 1:
                self._cursor = self._after(rows, advance, [])
                self._recorder.fail_item(self._kind, rows[0][0], problem, self._cursor)
                return
            middle = len(rows) // 2
            self._recorder.log("chunk.divided", "warning", rows=len(rows), problem=type(problem).__name__)
            self._do(rows[:middle], advance=advance, wait=wait)
            self._do(rows[middle:], advance=advance, wait=wait)

    def _with_retries(self, rows: list[Row], advance: bool, wait: bool) -> None:
        # Only what a try of these very rows meant to write says that it got through: the cursor of the rows before
        # is in the database, and taken for this one it would leave these out.
        self._meant = None
        for attempt in range(1, _TRIES + 1):
            try:
                if attempt == 1 or not self._was_committed(advance):
                    self._transaction(rows, advance, wait)
                self._recorder.committed()
                self._cursor = self._meant or self._cursor
                return
            except DBAPIError as problem:
                if attempt == _TRIES or not _passes(problem):
                    raise
                self._recorder.log("chunk.again", "warning", problem=str(problem.orig).splitlines()[0], attempt=attempt)
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)

    def _transaction(self, rows: list[Row], advance: bool, wait: bool) -> None:
        ids = [row[0] for row in rows]
        with self._db.transaction() as session:
            self._recorder.fence(session)
            skip = not wait and not is_sqlite(session)
            # Lock, then look: the action reads these rows again in a statement of its own. One that selects what
            # is due and locks it pays, under READ COMMITTED, what was frozen while it waited for the lock.
            got = lock_found(session, self._due.model, ids, skip_locked=True) if skip else ids
            outcome = self._act(session, got)
            cursor = self._after(rows, advance, sorted(set(ids) - set(got)))
            self._meant = cursor
            self._recorder.count(session, outcome, cursor, done=self._done(got, outcome))

    def _was_committed(self, advance: bool) -> bool:
        """Whether the last try got through after all, and only its acknowledgement was lost."""
        if not advance or self._meant is None:
            return False
        with self._db.reading() as session:
            return bool(run_progress.cursor_of(session, self._recorder.lease) == self._meant)

    def _act(self, session: Any, ids: list[int]) -> Outcome:
        if not ids:
            return Outcome(self._kind)
        actor, run_id = self._control.actor, self._recorder.run.id
        return self._action(session, ids, at=database_now(session), actor=actor, run_id=run_id)

    def _done(self, ids: Sequence[int], outcome: Outcome) -> Sequence[int]:
        """The rows of a retry that are done now, which are named too: people ask what became of each that failed."""
        if self._only is None:
            return ()
        left = {item.id for item in (*outcome.refused, *outcome.failed)}
        done = [item for item in ids if item not in left]
        return done if len(done) == outcome.done else ()

    def _after(self, rows: list[Row], advance: bool, left: list[int]) -> dict[str, Any]:
        after = [_encoded(value) for value in rows[-1][-len(self._due.keys) :]] if advance else self._cursor["after"]
        return self._cursor | {"after": after, "left": [*self._cursor["left"], *left]}


class DryChunks:
    """One walk of a dry run: the same selection and the same sums in one snapshot, and nothing moved.

    It posts at no instant; `at` is when the real run would: now, or the future instant that was asked about.
    """

    def __init__(self, control: RunControl, due: Due, dry: Callable[..., Outcome]) -> None:
        self._control, self._due, self._dry = control, due, dry

    def walk(self) -> None:
        """Compute page by page, then note it in the run."""
        whole, parties = Outcome(self._due.model.__tablename__), set[int]()
        with self._control.db.reading() as session:
            at, after = max(database_now(session), self._control.at), None
            while page := list(session.execute(_id_and_keys(self._due, self._due.after(after, CHUNK)))):
                self._control.check()
                part = self._dry(session, [row[0] for row in page], at=at)
                _add(whole, part)
                parties.update(_new(part, parties))
                after = tuple(page[-1][-len(self._due.keys) :])
        whole.parties = len(parties) if parties or not whole.done else None
        self._control.recorder.record(lambda session: whole)


def _id_and_keys(due: Due, page: Select[Any]) -> Select[Any]:
    return page.with_only_columns(due.model.__table__.c.id, *due.keys)


def _add(whole: Outcome, part: Outcome) -> None:
    whole.subject_kind = part.subject_kind
    whole.done += part.done
    whole.refused += part.refused
    whole.failed += part.failed
    for currency, amount in part.amounts.items():
        whole.amounts[currency] = whole.amounts.get(currency, 0) + amount
    whole.other_amounts = added(whole.other_amounts, part.other_amounts)


def _new(part: Outcome, known: set[int]) -> Iterator[int]:
    """The parties of a page that are not known yet, until there are so many that nobody counts on."""
    room = MOST_PARTIES + 1 - len(known)
    return islice({share.party_id for share in part.shares} - known, room)


def _passes(problem: DBAPIError) -> bool:
    state = getattr(problem.orig, "sqlstate", None)
    return problem.connection_invalidated or state in _PASSING or "database is locked" in str(problem.orig)


def _encoded(value: Any) -> Any:
    return {"at": clock.iso(value)} if isinstance(value, datetime) else value


def _decoded(value: Any) -> Any:
    return clock.from_iso(value["at"]) if isinstance(value, dict) else value
