"""Jobs over HTTP: how each is doing, run it now, pause and resume it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from webapp import clock
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Instant, LongText, RequestInstant, RequestModel, ResponseModel
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.domain.states import Trigger
from webapp.errors import Invalid
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.jobs.periodic import check_mirror
from webapp.models import Run
from webapp.services.scheduling import runs, schedules

endpoints = Endpoints("jobs")
RUN_ADDRESS = "/api/v1/runs/{id}"


class JobShape(ResponseModel):
    """A job, its schedule and how it is doing."""

    name: str
    description: str
    state: str
    cron: str
    zone: str
    schedule: str
    paused: bool
    paused_reason: str | None
    paused_until: Instant | None
    next_slot: Instant | None
    late_since: Instant | None
    last_run: RunShape | None


class JobsShape(ResponseModel):
    """Every job; there is no second page."""

    data: list[JobShape]
    next_cursor: None = None


class TriggerBody(RequestModel):
    """How to run it; nothing is required. No token chooses `at` for a job that moves money, unless it is a dry run."""

    dry_run: bool = False
    at: RequestInstant | None = None
    since: Annotated[
        RequestInstant | None,
        Field(description="Of `check_mirror` only: ask about what the external ledger was sent since then."),
    ] = None
    send_again: Annotated[
        bool,
        Field(description="Of `check_mirror` only: send again what it was found to lack, then ask about everything."),
    ] = False


class PauseBody(RequestModel):
    """Why, and until when."""

    reason: LongText
    until: RequestInstant | None = None


@endpoints.get("/api/v1/jobs", "job:read")
def list_jobs(call: Call) -> JobsShape:
    """Every job with its schedule, its health and its last run."""
    return JobsShape(data=[_shape(found) for found in schedules.health(call.session, call.at)])


@endpoints.get("/api/v1/jobs/<name>", "job:read")
def get_job(call: Call, name: str) -> JobShape:
    """One job."""
    return _shape(schedules.health_of(call.session, name, call.at))


@endpoints.post("/api/v1/jobs/<name>/trigger", "job:run", status=202, location=RUN_ADDRESS)
def trigger_job(call: Call, name: str, body: TriggerBody) -> RunShape:
    """Run the job now. Refused while another run of it is unfinished; dry runs change nothing and never wait."""
    parameters = _parameters(name, body)
    return run_shape(triggered(call, name, dry_run=body.dry_run, at=body.at, parameters=parameters))


@endpoints.post("/api/v1/jobs/<name>/pause", "job:pause")
def pause_job(call: Call, name: str, body: PauseBody) -> JobShape:
    """Plan no more runs, until it is resumed or until an instant."""
    schedules.pause(call.session, name, body.reason, actor=call.actor, at=call.at, until=body.until)
    return _shape(schedules.health_of(call.session, name, call.at))


@endpoints.post("/api/v1/jobs/<name>/resume", "job:pause")
def resume_job(call: Call, name: str) -> JobShape:
    """Plan runs again, from now on."""
    schedules.resume(call.session, name, actor=call.actor, at=call.at)
    return _shape(schedules.health_of(call.session, name, call.at))


def triggered(
    call: Call,
    name: str,
    *,
    dry_run: bool = False,
    at: datetime | None = None,
    parameters: dict[str, Any] | None = None,
) -> Run:
    """A new run, handed to the workers once it is committed. `parameters` are for its job, which reads them."""
    run = runs.trigger(
        call.session, name, actor=call.actor, dry_run=dry_run, at=at, trigger=Trigger.API, parameters=parameters
    )
    enqueue_after_commit(call.runtime, call.session, run)
    return run


def _parameters(name: str, body: TriggerBody) -> dict[str, Any] | None:
    """What is asked of a check of the external ledger. Raises Invalid for another job, or for both at once."""
    given = {field for field in ("since", "send_again") if getattr(body, field)}
    if name != check_mirror.JOB and given:
        raise Invalid("Only check_mirror knows this.", fields=dict.fromkeys(given, "Only check_mirror knows this."))
    if len(given) > 1:
        message = "What is lacking is sent again whenever it was sent first: leave it out with send_again."
        raise Invalid(message, fields={"since": message})
    if body.dry_run and given:
        message = "A dry run of check_mirror asks nothing and sends nothing."
        raise Invalid(message, fields={"dry_run": message})
    if body.send_again:
        return {check_mirror.SEND: True}
    return {check_mirror.SINCE: clock.iso(body.since)} if body.since else None


def _shape(found: schedules.JobHealth) -> JobShape:
    plan = found.schedule
    return JobShape(
        name=found.job,
        description=found.description,
        state=found.state,
        cron=plan.cron,
        zone=plan.zone,
        schedule=found.words,
        paused=plan.paused_at is not None,
        paused_reason=plan.pause_reason,
        paused_until=plan.paused_until,
        next_slot=found.next_slot,
        late_since=found.late_since,
        last_run=run_shape(found.last_run) if found.last_run else None,
    )
