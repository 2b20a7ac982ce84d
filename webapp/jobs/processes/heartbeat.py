"""A thread that says "alive", and sweeps, so that the desk goes on while any one worker or scheduler lives."""

import threading
from collections.abc import Callable
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from webapp.jobs.engine.recovery import sweep_runs
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.monitoring import clock_skew
from webapp.services.scheduling import processes
from webapp.sql import database_now


class Heartbeat:
    """Beats until it is stopped; the first of all writes down which database this desk has.

    What fails is logged and tried again with the next beat.
    """

    def __init__(
        self,
        runtime: Runtime,
        kind: str,
        *,
        sweeps: bool = True,
        run_id: Callable[[], int | None] = lambda: None,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime, self._kind, self._run_id, self._also = runtime, kind, run_id, also
        self._sweeps, self._is_recorded = sweeps, False
        self._every = min(10.0, runtime.settings.silence_seconds / 4)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True, name=f"heartbeat-{kind}")

    def start(self) -> None:
        """Beat at once, and from then on."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye."""
        self._over.set()
        self._thread.join(timeout=10)
        self._safely("sign_off", self._sign_off)
        self._safely("figures", self._runtime.figures.forget)

    def _go(self) -> None:
        while True:
            if not self._is_recorded:
                self._safely("first_start", self._record_first_start)
            is_ready = self._safely("beat", self._beat)
            self._safely("alive_file", partial(self._write_alive_file, is_ready))
            if self._sweeps:
                self._safely("sweep", lambda: sweep_runs(self._runtime))
            self._safely("figures", self._runtime.figures.flush)
            self._safely("also", self._also)
            if self._over.wait(self._every):
                return

    def _record_first_start(self) -> None:
        with self._runtime.db.transaction() as session:
            instance.record_first_start(session)
        self._is_recorded = True

    def _beat(self) -> None:
        with self._runtime.db.transaction() as session:
            skew = clock_skew.measure(session)
            processes.beat(session, self._kind, database_now(session), self._run_id(), skew)

    def _write_alive_file(self, is_ready: bool) -> None:
        """For a cluster's probes: its age says that this process lives, its word whether the database took the beat."""
        file = self._runtime.settings.alive_file
        if file is not None and self._kind != processes.WEB:
            file.write_text("ready\n" if is_ready else "waiting\n")

    def _sign_off(self) -> None:
        with self._runtime.db.transaction() as session:
            processes.deregister(session, self._kind)

    def _safely(self, what: str, act: Callable[[], object]) -> bool:
        try:
            act()
            return True
        except (DBAPIError, RedisError, OSError) as problem:
            get_logger().warning("heartbeat.failed", what=what, problem=str(problem).partition("\n")[0])
        except Exception:
            get_logger().exception("heartbeat.failed", what=what)
        return False
