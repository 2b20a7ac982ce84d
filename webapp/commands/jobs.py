"""`desk jobs`: is every job on time?"""

from datetime import datetime
from typing import Any

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, print_json, table
from webapp.services.scheduling.job_health import JobHealth, health


@click.command("jobs")
@json_option
def command(as_json: bool) -> None:
    """List the periodic jobs: state, plan, last run, next run."""
    with desk() as runtime, runtime.db.reading() as session:
        found = health(session, clock.now())
        if as_json:
            print_json([described(job) for job in found])
        else:
            head = ["JOB", "STATE", "PLAN", "ZONE", "LAST RUN", "OUTCOME", "NEXT"]
            table(head, [_row(job) for job in found])


def described(job: JobHealth) -> dict[str, Any]:
    """A job as machines read it."""
    return {
        "job": job.job,
        "description": job.description,
        "state": job.state,
        "cron": job.schedule.cron,
        "zone": job.schedule.zone,
        "late_since": _iso(job.late_since),
        "paused": job.schedule.pause_reason if job.schedule.paused_at else None,
        "last_run": job.last_run.id if job.last_run else None,
        "last_status": job.last_run.status if job.last_run else None,
        "last_run_at": _iso(job.last_run.created_at) if job.last_run else None,
        "next_slot": _iso(job.next_slot),
    }


def _row(job: JobHealth) -> list[str]:
    last = job.last_run
    return [
        job.job,
        job.state.replace("_", " "),
        job.words,
        job.schedule.zone,
        _short(last.created_at) if last else "never",
        last.status if last else "",
        _short(job.next_slot),
    ]


def _short(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}Z" if instant else "none"


def _iso(instant: datetime | None) -> str | None:
    return clock.iso(instant) if instant else None
