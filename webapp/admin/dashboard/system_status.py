"""Is everything on time? The answer in words and one colour, for the first line that anybody reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from flask_babel import format_timedelta, ngettext
from flask_babel import gettext as _

from webapp.admin.ui.job_names import titled
from webapp.services.scheduling.schedules import JobHealth

_TROUBLED = ("failed", "lost", "paused")


class SystemStatus(NamedTuple):
    """`good`, `warn` or `bad`, and a sentence for each thing to know."""

    tone: str
    sentences: list[str]


def evaluate(
    jobs: Sequence[JobHealth], silent: Sequence[str], stopped: str, at: datetime, *, has_orders: bool
) -> SystemStatus:
    """`silent` names the kinds of process of which none is alive; `stopped` says why no money goes out, if so.

    Without orders the jobs have nothing to do: that they are on time says nothing, and isn't said.
    """
    late = [job for job in jobs if job.late_since is not None]
    troubled = [job for job in jobs if job.late_since is None and job.state in _TROUBLED]
    counted = _planned(jobs) if jobs and not (has_orders or late or troubled) else _count(jobs, late, troubled, at)
    sentences = [*([stopped] if stopped else []), *([] if has_orders else [_("No orders yet.")]), counted]
    sentences += _silent(silent)
    well = "good" if has_orders else "calm"
    tone = "bad" if stopped or late or silent else "warn" if troubled or not jobs else well
    return SystemStatus(tone, sentences)


def _count(jobs: Sequence[JobHealth], late: list[JobHealth], troubled: list[JobHealth], at: datetime) -> str:
    if not jobs:
        return _("No job is planned yet. Start the scheduler.")
    new = [job for job in jobs if job.last_run is None and job not in late and job not in troubled]
    if len(new) == len(jobs):
        return _planned(jobs)
    ran = len(jobs) - len(new)
    fine = ran - len(late) - len(troubled)
    parts = [
        ngettext("%(fine)s of %(num)s job on time", "%(fine)s of %(num)s jobs on time", ran, fine=fine),
        *([ngettext("%(num)s job has not run yet", "%(num)s jobs have not run yet", len(new))] if new else []),
        *[_("%(job)s is late by %(long)s", job=titled(job.job), long=_late_by(job, at)) for job in late],
        *[_troubles(job) for job in troubled],
    ]
    return "; ".join(parts) + "."


def _planned(jobs: Sequence[JobHealth]) -> str:
    """What is known where nothing had to be done yet."""
    ran = sum(job.last_run is not None for job in jobs)
    if not ran:
        return ngettext(
            "%(num)s job is planned; it has not run yet.", "%(num)s jobs are planned; none has run yet.", len(jobs)
        )
    return ngettext(
        "%(num)s job is planned, and finds nothing to do.",
        "%(num)s jobs are planned, and find nothing to do.",
        len(jobs),
    )


def _late_by(job: JobHealth, at: datetime) -> str:
    return format_timedelta(at - job.late_since, threshold=1.2) if job.late_since else ""


def _troubles(job: JobHealth) -> str:
    sentences = {
        "failed": _("%(job)s failed last time", job=titled(job.job)),
        "lost": _("the last run of %(job)s was lost", job=titled(job.job)),
        "paused": _("%(job)s is paused", job=titled(job.job)),
    }
    return sentences[job.state]


def _silent(kinds: Sequence[str]) -> list[str]:
    sentences = {
        "worker": _("No worker is alive: runs are queued and not carried out."),
        "scheduler": _("No scheduler is alive: nothing is planned until one starts."),
    }
    return [sentences[kind] for kind in kinds]
