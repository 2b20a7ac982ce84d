"""The newest dry run of a job: what a run would do, and whether that can still be gone by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from webapp.domain.states import RunStatus
from webapp.models import Run

FRESH = timedelta(hours=1)
"""What is due changes by the minute: older figures are shown, but name no button."""
_NEWEST = 200
"""Runs of the job among which it is sought, the newest: ages of a nightly job, three hours of one of each minute."""
_COUNTED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.SKIPPED)


@dataclass(frozen=True)
class DryRun:
    """A dry run that has ended, and the id of the run that did since what it counted, or some of it."""

    run: Run
    overtaken_by: int | None
    is_fresh: bool


def newest(session: Session, job: str, at: datetime) -> DryRun | None:
    """The newest dry run of what was due as it ran; None when there is none among the job's newest runs."""
    latest = select(Run).where(Run.job == job).order_by(Run.id.desc()).limit(_NEWEST).subquery()
    run = aliased(Run, latest)
    counted = (run.dry_run, run.status.in_(_COUNTED), run.parameters.is_(None), run.at <= run.created_at)
    found = session.scalars(select(run).where(*counted).order_by(run.id.desc()).limit(1)).one_or_none()
    if found is None or found.started_at is None:
        return None
    since = select(run.id).where(~run.dry_run, run.finished_at > found.started_at).order_by(run.id.desc())
    overtaken_by = session.scalars(since.limit(1)).one_or_none()
    return DryRun(found, overtaken_by, overtaken_by is None and at - found.started_at <= FRESH)
