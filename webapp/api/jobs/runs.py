"""Runs over HTTP: look at them, and retry what failed."""

from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import NewestFirst, Page, ShortText, to_page
from webapp.api.jobs.endpoints import RUN_ADDRESS
from webapp.api.jobs.schemas import RunShape, run_shape, run_with_errors
from webapp.domain.states import RunStatus
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.services.scheduling import runs

endpoints = Endpoints("runs")


class RunsQuery(NewestFirst):
    """Which runs."""

    job: ShortText | None = None
    status: RunStatus | None = None


@endpoints.get("/api/v1/runs", "job:read")
def list_runs(call: Call, query: RunsQuery) -> Page[RunShape]:
    """Runs, newest first."""
    found = runs.history(call.session, job=query.job, status=query.status, before=query.before, limit=query.limit + 1)
    return to_page(found, query, run_shape)


@endpoints.get("/api/v1/runs/<id:run_id>", "job:read")
def get_run(call: Call, run_id: int) -> RunShape:
    """One run, with the items that failed."""
    return run_with_errors(call.session, runs.get(call.session, run_id))


@endpoints.post("/api/v1/runs/<id:run_id>/retry", "job:run", status=202, location=RUN_ADDRESS)
def retry_run(call: Call, run_id: int) -> RunShape:
    """A new run of only what failed in this one."""
    run = runs.retry(call.session, run_id, actor=call.actor)
    enqueue_after_commit(call.runtime, call.session, run)
    return run_shape(run)
