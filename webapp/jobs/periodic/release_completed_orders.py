"""The release of completed orders."""

from datetime import datetime

from webapp.domain.states import Policy
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.release_due import release_due


@job(title="Pay sellers of completed orders", cron="0 */2 * * *")
def release_completed_orders(work: Work, at: datetime) -> None:
    """Pay the sellers of completion escrows whose order is completed."""
    release_due(work, at, Policy.COMPLETION)
