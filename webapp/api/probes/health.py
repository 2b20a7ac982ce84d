"""What machines that watch the desk ask: is it ready, and what do its figures say?"""

import time
from collections.abc import Callable, Mapping

from flask import Flask, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from webapp import clock, health_checks
from webapp.api.probes.metrics import exposition
from webapp.runtime import Runtime
from webapp.security import needs, public

Check = Callable[[Runtime], health_checks.CheckResult]
_GOOD_FOR, _LEDGER_FOR = 5.0, 60.0
"""Seconds for which a database that took a change is believed to take changes: whoever asks often writes no more."""


def register_probes(app: Flask, runtime: Runtime) -> None:
    """Add `/readyz`, its alias `/healthz`, and `/metrics`."""

    ledger = _seldom(health_checks.external_ledger, _LEDGER_FOR, also_bad=True)
    of_database = {"writes": _seldom(health_checks.writes, _GOOD_FOR), "migrations": health_checks.migration}

    @public
    def readyz() -> ResponseReturnValue:
        return _ready(runtime, of_database, ledger)

    @needs("job:read")
    def metrics() -> Response:
        with runtime.db.reading() as session:
            return Response(
                exposition(session, clock.now(), runtime.settings, runtime.figures), content_type=CONTENT_TYPE_LATEST
            )

    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/healthz", "healthz", readyz)
    app.add_url_rule("/metrics", "metrics", metrics)


def _seldom(check: Check, seconds: float, *, also_bad: bool = False) -> Check:
    """The check, whose good findings hold for a while; with `also_bad` every finding does."""
    kept: list[tuple[float, health_checks.CheckResult]] = []

    def checked(runtime: Runtime) -> health_checks.CheckResult:
        if kept and time.monotonic() - kept[-1][0] < seconds:
            return kept[-1][1]
        found = check(runtime)
        kept[:] = [(time.monotonic(), found)] if found.verdict == "ok" or also_bad else []
        return found

    return checked


def _ready(runtime: Runtime, of_database: Mapping[str, Check], ledger: Check) -> ResponseReturnValue:
    """200 when the database, its migrations and Redis are there; otherwise 503 with what is missing.

    A database that does not answer is asked only once: each more would cost the prober another time-out. The external
    ledger is told of and takes no process out of service: what it has to be sent waits for it. Nor does a warning.
    """
    found = {"database": _found(runtime, health_checks.database), "redis": _found(runtime, health_checks.redis)}
    if found["database"].verdict == "ok":
        found |= {name: _found(runtime, check) for name, check in of_database.items()}
    is_missing = any(each.verdict == "wrong" for each in found.values())
    if runtime.settings.ledger == "blnk" and found["database"].verdict == "ok":
        found["ledger"] = _found(runtime, ledger)
    is_degraded = any(each.verdict != "ok" for each in found.values())
    status = "unavailable" if is_missing else "degraded" if is_degraded else "ok"
    checks = {name: _sentence(each) for name, each in found.items()}
    return jsonify(status=status, checks=checks, timestamp=clock.iso(clock.now())), 503 if is_missing else 200


def _found(runtime: Runtime, check: Check) -> health_checks.CheckResult:
    try:
        return check(runtime)
    except Exception as problem:
        return health_checks.CheckResult("", "wrong", f"It can't be checked: {type(problem).__name__}")


def _sentence(found: health_checks.CheckResult) -> str:
    return "ok" if found.verdict == "ok" else f"{found.found} {found.do}".strip()
