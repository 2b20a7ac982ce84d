"""The release of earnings whose buffer is over."""

from datetime import datetime

from webapp.domain.states import Policy
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.release_due import release_due


@job(title="Move earnings whose buffer is over", cron="0 * * * *")
def release_pending_earnings(work: Work, at: datetime) -> None:
    """Move earnings whose buffer is over from pending to the seller's wallet."""
    release_due(work, at, Policy.BUFFER)
