"""Web processes keep the database's time: what they write down becomes due by it, whatever their machine believes."""

import time
from contextlib import suppress
from datetime import datetime

from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.runtime import Runtime
from webapp.services.monitoring import clock_skew

SECONDS = 10.0
"""How long a measured skew is believed."""
_STEP = 1.0
"""A machine whose clock moved by so much against its own stopwatch was set meanwhile, or slept."""
_QUIET = frozenset({"static", "livez"})


def register_clock_correction(app: Flask, runtime: Runtime) -> None:
    """Measure how far this machine is off before a request is answered, at most every ten seconds."""
    keeper = _Keeper(runtime)
    app.before_request(keeper.look)


class _Keeper:
    """When this process looked last, by the machine's stopwatch and by its clock."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: tuple[float, datetime] | None = None

    def look(self) -> None:
        """Correct the process's clock; while the database is away it stays as it was corrected last."""
        if request.endpoint in _QUIET or self._is_fresh():
            return
        with suppress(SQLAlchemyError), self._runtime.db.reading() as session:
            clock.correct(-clock_skew.measure(session))
        self._seen = (time.monotonic(), clock.local())

    def _is_fresh(self) -> bool:
        if self._seen is None:
            return False
        passed = time.monotonic() - self._seen[0]
        moved = (clock.local() - self._seen[1]).total_seconds()
        return passed < SECONDS and abs(moved - passed) < _STEP
