"""Running a declared job in this process, as its slot would."""

from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from tests.support.declared_jobs import OPERATOR
from webapp import jobs
from webapp.db import Database
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.scheduling import runs

_registered: WeakKeyDictionary[Database, set[str]] = WeakKeyDictionary()


def run_job_now(runtime: Runtime, job: str, *, at: datetime | None = None, dry_run: bool = False, **asked: Any) -> Run:
    """A manual run of the job, of which something may be asked, carried out here; returns it finished."""
    _register_once(runtime)
    with runtime.db.transaction() as session:
        run = runs.trigger(session, job, actor=OPERATOR, at=at, dry_run=dry_run, parameters=asked or None)
    return run_here(runtime, run.id)


def _register_once(runtime: Runtime) -> None:
    """Put the declared jobs into this desk's schedule table, unless they are: a test runs many."""
    declared = set(jobs.registry())
    if _registered.get(runtime.db) != declared:
        register_jobs(runtime)
        _registered[runtime.db] = declared
