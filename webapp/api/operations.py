"""What machines that watch the desk ask: is it ready, and what do its figures say?"""

from collections.abc import Callable

from flask import Flask, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from webapp import checkup, clock
from webapp.api.metrics import exposition
from webapp.runtime import Runtime
from webapp.security import current_actor, public

_READY = {"database": checkup.database, "migrations": checkup.migration, "redis": checkup.redis}


def watch(app: Flask, runtime: Runtime) -> None:
    """Add `/readyz`, its alias `/healthz`, and `/metrics`."""

    @public
    def readyz() -> ResponseReturnValue:
        return ready(runtime)

    @public
    def metrics() -> Response:
        if runtime.settings.is_production:
            current_actor().require("job:read")
        with runtime.db.reading() as session:
            return Response(exposition(session, clock.now(), runtime.settings), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/healthz", "healthz", readyz)
    app.add_url_rule("/metrics", "metrics", metrics)


def ready(runtime: Runtime) -> ResponseReturnValue:
    """200 when the database, its migrations and Redis are there; otherwise 503 with what is missing."""
    said = {name: _asked(runtime, check) for name, check in _READY.items()}
    missing = {name: sentence for name, sentence in said.items() if sentence != "ok"}
    status = "unavailable" if missing else "ok"
    return jsonify(status=status, checks=said, timestamp=clock.iso(clock.now())), 503 if missing else 200


def _asked(runtime: Runtime, check: Callable[[Runtime], checkup.Finding]) -> str:
    try:
        found = check(runtime)
    except Exception as problem:
        return f"{check.__name__} can't be checked: {type(problem).__name__}"
    return "ok" if found.verdict == "ok" else f"{found.found} {found.do}"
