"""Walking over what is only looked at: a slice per snapshot, and where the walk is kept with the run."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session

from webapp.jobs.engine.run_control import RunControl
from webapp.services.common.batch_result import Outcome


class SlicedWalk(Protocol):
    """Where one is in what it looks at."""

    @property
    def is_over(self) -> bool:
        """Whether everything was looked at."""

    @property
    def left(self) -> int:
        """How much is still to be looked at."""

    def as_json(self) -> dict[str, Any]:
        """Plain values that the walk can be made of again."""


Walked = TypeVar("Walked", bound=SlicedWalk)


class Slices:
    """One walk of a run."""

    def __init__(self, control: RunControl, step: int) -> None:
        self._control, self._db, self._recorder = control, control.db, control.recorder
        self._cursor = self._recorder.cursor_of(step)

    def walk(
        self,
        begin: Callable[[Session], Walked],
        go_on: Callable[[dict[str, Any]], Walked],
        look: Callable[[Session, Walked], Outcome],
        keep: Callable[[Session, Walked], None] | None = None,
    ) -> Walked:
        """Look at everything; returns the walk that is over."""
        walk = self._beginning(begin, go_on)
        while not walk.is_over:
            self._control.check()
            with self._db.reading() as session:
                outcome = look(session, walk)
            self._keep(walk, outcome, keep)
        return walk

    def _beginning(self, begin: Callable[[Session], Walked], go_on: Callable[[dict[str, Any]], Walked]) -> Walked:
        if "walk" in self._cursor:
            return go_on(self._cursor["walk"])
        with self._db.reading() as session:
            walk = begin(session)
        with self._db.transaction() as session:
            self._recorder.fence(session)
            self._recorder.expect(session, walk.left)
        return walk

    def _keep(self, walk: Walked, outcome: Outcome, keep: Callable[[Session, Walked], None] | None) -> None:
        self._cursor = self._cursor | {"walk": walk.as_json()}
        with self._db.transaction() as session:
            self._recorder.fence(session)
            if keep is not None:
                keep(session, walk)
            self._recorder.count(session, outcome, self._cursor)
        self._recorder.committed()
