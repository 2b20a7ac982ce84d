"""Doing several things at the same moment, each in a transaction of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.orm import Session

from webapp.runtime import Runtime

Attempt = Callable[[Session], Any]
_POOL = ThreadPoolExecutor(8)


def at_once(runtime: Runtime, attempts: Sequence[Attempt]) -> list[Any]:
    """What each answered, or raised."""
    barrier = threading.Barrier(len(attempts))
    return [future.result(60) for future in [_POOL.submit(_do, runtime, attempt, barrier) for attempt in attempts]]


def _do(runtime: Runtime, attempt: Attempt, barrier: threading.Barrier) -> Any:
    try:
        with runtime.db.transaction() as session:
            barrier.wait(30)
            return attempt(session)
    except Exception as refused:
        return refused


class Meeting:
    """A place where those who looked wait for each other before they act: what a lost lock allows, every time."""

    def __init__(self, parties: int = 2) -> None:
        self._barrier = threading.Barrier(parties)

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, and then a short wait for the others."""

        def looked(*args: Any, **kwargs: Any) -> Any:
            answer = function(*args, **kwargs)
            try:
                self._barrier.wait(2)
            except threading.BrokenBarrierError:
                self._barrier.reset()
            return answer

        return looked


def no_lock(session: Session, model: Any, ids: Any) -> None:
    """What an action would be without its lock."""
