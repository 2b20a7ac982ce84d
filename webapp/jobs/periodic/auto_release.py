"""The nightly release."""

from datetime import datetime

from webapp.domain.states import Policy
from webapp.jobs import hours, job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.release_due import release_due


@job(title="Pay sellers whose time has come", cron="0 2 * * *", zone="Africa/Nairobi", grace=hours(1))
def auto_release(work: Work, at: datetime) -> None:
    """Pay the sellers of deadline escrows whose time has come."""
    release_due(work, at, Policy.DEADLINE)
