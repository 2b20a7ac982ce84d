"""The addresses by which other systems start and watch the escrow jobs already, kept with their shapes."""

from zoneinfo import ZoneInfo

from flask import Flask, request
from flask.typing import ResponseReturnValue

from webapp import clock
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Instant, ResponseModel
from webapp.api.jobs.endpoints import RUN_ADDRESS, triggered
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.errors import NotSignedIn
from webapp.models import Schedule
from webapp.runtime import Runtime
from webapp.security.errors import problem, refused
from webapp.services.scheduling import schedules

endpoints = Endpoints("escrow-jobs")
_JOBS = ("auto_release", "auto_deduct")
_SICK = frozenset({"late", "missed", "paused"})


class EscrowJob(ResponseModel):
    """Whether the schedule is active and on time, and the schedule in words."""

    running: bool
    schedule: str


class EscrowJobs(ResponseModel):
    """`degraded` when one of the jobs is not running."""

    status: str
    jobs: dict[str, EscrowJob]
    timestamp: Instant


@endpoints.get("/admin/escrow-jobs/status", "job:read")
def escrow_jobs_status(call: Call) -> EscrowJobs:
    """Whether both escrow jobs are active and on time."""
    found = [schedules.health_of(call.session, job, call.at) for job in _JOBS]
    jobs = {each.job: EscrowJob(running=each.state not in _SICK, schedule=in_words(each.schedule)) for each in found}
    status = "ok" if all(job.running for job in jobs.values()) else "degraded"
    return EscrowJobs(status=status, jobs=jobs, timestamp=call.at)


@endpoints.post("/admin/escrow-jobs/trigger-auto-release", "job:run", status=202, location=RUN_ADDRESS)
def trigger_auto_release(call: Call) -> RunShape:
    """Run `auto_release` now."""
    return run_shape(triggered(call, "auto_release"))


@endpoints.post("/admin/escrow-jobs/trigger-auto-deduct", "job:run", status=202, location=RUN_ADDRESS)
def trigger_auto_deduct(call: Call) -> RunShape:
    """Run `auto_deduct` now."""
    return run_shape(triggered(call, "auto_deduct"))


def register_unconfigured_answer(app: Flask, runtime: Runtime) -> None:
    """Without CRON_SECRET_TOKEN a caller that nobody knows is told that it is missing: 503, as those systems expect."""

    def closed(refusal: NotSignedIn) -> ResponseReturnValue:
        is_trigger = request.method == "POST" and request.path.startswith("/admin/escrow-jobs/")
        if not is_trigger or runtime.settings.cron_secret_token:
            return refused(refusal)
        detail = (
            "No CRON_SECRET_TOKEN is set, so no cron may start this. Set one, or send an API token with the scope jobs."
        )
        return problem(503, "Not set up", detail)

    app.register_error_handler(NotSignedIn, closed)


def in_words(schedule: Schedule) -> str:
    """The schedule as the callers know it, such as "Daily at 2:00 AM EAT"."""
    minute, hour, *days = schedule.cron.split()
    upcoming = (schedule.next_slot or clock.now()).astimezone(ZoneInfo(schedule.zone))
    if minute.isdecimal() and hour.isdecimal() and days == ["*", "*", "*"]:
        return f"Daily at {int(hour) % 12 or 12}:{int(minute):02} {'AM' if int(hour) < 12 else 'PM'} {upcoming:%Z}"
    return f"{schedule.cron} {upcoming:%Z}"
