"""The addresses by which an outside scheduler starts the storefront's jobs already, kept with their shapes."""

import time
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import MethodNotAllowed

from webapp import clock
from webapp.api.framework.cron_calls_openapi import JobCompleted, JobResults, JobRunning
from webapp.api.jobs.endpoints import RUN_ADDRESS
from webapp.domain.scheduling.cron_addresses import CRON_ADDRESSES
from webapp.domain.states import UNFINISHED_RUNS
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import Run, RunItem
from webapp.runtime import Runtime
from webapp.security import current_actor
from webapp.security.access import for_cron
from webapp.security.context import note_saved
from webapp.security.errors import problem
from webapp.services.scheduling import outside_calls, runs

LONGEST_WAIT = 25.0
"""Seconds that a caller waits for the run to end."""
_POLL_EVERY = 0.1
_MOST_ERRORS = 1_000
_METHODS = ["GET", "POST"]


def register_cron_addresses(app: Flask, runtime: Runtime) -> None:
    """Add the addresses. Their GET has an effect, since the scheduler that calls them knows no other way."""
    for address, job in CRON_ADDRESSES.items():
        view: Callable[[], ResponseReturnValue] = for_cron(_view(runtime, job))
        app.add_url_rule(address, f"cron.{job}", view, methods=_METHODS)


def _view(runtime: Runtime, job: str) -> Callable[[], ResponseReturnValue]:
    def called() -> ResponseReturnValue:
        if request.method == "HEAD":  # It comes along with GET, and nobody who asks for the head means to start it.
            raise MethodNotAllowed(_METHODS)
        return _answer(runtime, _finished(runtime, _claimed(runtime, job)))

    return called


def _claimed(runtime: Runtime, job: str) -> int:
    with runtime.db.transaction() as session:
        run = outside_calls.run_of_call(session, job, actor=current_actor())
        if run.status in UNFINISHED_RUNS:
            enqueue_after_commit(runtime, session, run)
        run_id = run.id
    note_saved()
    return run_id


def _finished(runtime: Runtime, run_id: int) -> Run:
    """The run as it is when it has ended, or when the time to wait for it has."""
    until = time.monotonic() + LONGEST_WAIT
    look = partial(_look, runtime, run_id)
    while (run := look()).status in UNFINISHED_RUNS and time.monotonic() < until:
        time.sleep(_POLL_EVERY)
    return run


def _look(runtime: Runtime, run_id: int) -> Run:
    with runtime.db.reading() as session:
        return runs.get(session, run_id)


def _answer(runtime: Runtime, run: Run) -> ResponseReturnValue:
    address = RUN_ADDRESS.format(id=run.id)
    if run.status in UNFINISHED_RUNS:
        running = JobRunning(message="Job running", run=address, timestamp=clock.now())
        return Response(running.model_dump_json(), 202, {"Location": address}, mimetype="application/json")
    if not outside_calls.has_done_its_work(run):
        return problem(500, "The job failed", f"{run.error or 'It was lost.'} Its run is {address}.")
    with runtime.db.reading() as session:
        results = JobResults(processed=run.processed, errors=_errors(session, run, address))
    completed = JobCompleted(message="Job completed", results=results, timestamp=clock.now())
    return Response(completed.model_dump_json(), mimetype="application/json")


def _errors(session: Session, run: Run, address: str) -> list[str]:
    failed = runs.items(session, run.id, outcome=runs.FAILED, limit=_MOST_ERRORS)
    rest = run.failed - len(failed)
    about_all = [run.error] if run.error else []
    return [*about_all, *map(_in_words, failed), *([f"and {rest} more: {address}"] if rest > 0 else [])]


def _in_words(item: RunItem) -> str:
    return f"{item.subject_kind} {item.subject_id}: {item.message}"
