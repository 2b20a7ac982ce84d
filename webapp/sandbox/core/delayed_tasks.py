"""What happens by itself later: kept in the store, so that a restart forgets nothing, and done by a few threads."""

import json
import queue
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress

from webapp import clock
from webapp.logs import get_logger
from webapp.sandbox.core.store import Data, Store

Handler = Callable[[Data], None]

_HANDS = 4
_LEASE = 30.0
_LONGEST_WAIT, _LOOK_UP = 5.0, 0.2


class DelayedTasks:
    """A timer and four hands. A task that a killed process had in hand is done again after half a minute."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handlers: dict[str, Handler] = {}
        self._nudge, self._over = threading.Event(), threading.Event()
        self._due: queue.Queue[tuple[str, str, str] | None] = queue.Queue(maxsize=100)
        self._threads: list[threading.Thread] = []

    def on(self, what: str, handler: Handler) -> None:
        """Say who does this kind of task."""
        self._handlers[what] = handler

    def plan(self, what: str, data: Data, *, after: float = 0.0, key: str = "") -> None:
        """Do this in so many seconds; the same key again moves it."""
        self._store.execute(
            "INSERT INTO tasks (key, at, what, data) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET at = excluded.at, data = excluded.data",
            (key or uuid.uuid4().hex, clock.now().timestamp() + after, what, json.dumps(data)),
        )
        self._nudge.set()

    def start(self) -> None:
        """Begin."""
        work = [self._keep_time, *[self._work] * _HANDS]
        self._threads = [threading.Thread(target=each, daemon=True, name="sandbox-tasks") for each in work]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is not done yet stays in the store."""
        self._over.set()
        self._nudge.set()
        with suppress(queue.Full):
            for _ in range(_HANDS):
                self._due.put_nowait(None)
        for thread in self._threads:
            thread.join(timeout=6)

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the end; whether it is over."""
        return self._over.wait(seconds)

    def _keep_time(self) -> None:
        while not self._over.is_set():
            self._nudge.clear()
            at = clock.now().timestamp()
            for task in self._claimed(at):
                self._hand_over(task)
            self._nudge.wait(self._until_next(at))

    def _claimed(self, at: float) -> list[tuple[str, str, str]]:
        with self._store.writing():
            rows = self._store.execute("SELECT key, what, data FROM tasks WHERE at <= ? ORDER BY at LIMIT 100", (at,))
            for key, *_ in rows:
                self._store.execute("UPDATE tasks SET at = ? WHERE key = ?", (at + _LEASE, key))
        return rows

    def _hand_over(self, task: tuple[str, str, str]) -> None:
        while not self._over.is_set():
            with suppress(queue.Full):
                self._due.put(task, timeout=_LOOK_UP)
                return

    def _until_next(self, at: float) -> float:
        soonest = self._store.execute("SELECT min(at) FROM tasks")[0][0]
        return _LONGEST_WAIT if soonest is None else min(_LONGEST_WAIT, max(0.0, soonest - at))

    def _work(self) -> None:
        while not self._over.is_set():
            with suppress(queue.Empty):
                if task := self._due.get(timeout=_LOOK_UP):
                    self._do(*task)

    def _do(self, key: str, what: str, data: str) -> None:
        # The lease tells this turn from one that the task planned for itself meanwhile.
        lease = self._store.execute("SELECT at FROM tasks WHERE key = ?", (key,))
        try:
            self._handlers[what](json.loads(data))
        except Exception:
            get_logger().exception("sandbox.task_failed", what=what)
        for (at,) in lease:
            self._store.execute("DELETE FROM tasks WHERE key = ? AND at = ?", (key, at))
