"""The release of what was held back from placements."""

from datetime import datetime

from webapp.domain.states import Policy
from webapp.jobs import job, minutes
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.release_due import release_due


@job(title="Pay what placements held back", cron="0 3 * * *", max_duration=minutes(10))
def release_placement_holds(work: Work, at: datetime) -> None:
    """Pay the amounts held back from placements whose date has come."""
    release_due(work, at, Policy.PLACEMENT)
