"""While the database is of another version, no page and no endpoint touches it: everybody is told of the upgrade."""

import time

from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from webapp import schema
from webapp.runtime import Runtime
from webapp.schema import SchemaState, SchemaUnusable

SECONDS = 10.0
"""How long a database that serves this version is believed to go on serving it: others only add to it meanwhile."""
_AGAIN = 1.0
"""Seconds between two looks at one that does not."""
_OPEN = frozenset({"static", "livez", "readyz", "healthz"})


def register_schema_gate(app: Flask, runtime: Runtime) -> None:
    """Refuse every request but the probes' and those for static files while the schema can't be worked with."""
    app.before_request(_Gate(runtime).check)


class _Gate:
    """What this process found when it looked last, and until when that holds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._state: SchemaState | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raise SchemaUnusable; with the database away the request itself finds that out."""
        if request.endpoint in _OPEN:
            return
        if self._state is None or time.monotonic() >= self._until:
            try:
                self._state = schema.look(self._runtime.db)
            except SQLAlchemyError:
                return
            self._until = time.monotonic() + (SECONDS if self._state.is_usable else _AGAIN)
        if not self._state.is_usable:
            raise SchemaUnusable(self._state.sentence)
