"""The nightly release."""

from datetime import datetime
from functools import partial

from webapp.domain.states import Policy
from webapp.jobs import hours, job
from webapp.jobs.work import Work
from webapp.services import escrow_queries, release_preview, releases


@job(cron="0 2 * * *", zone="Africa/Nairobi", grace=hours(1))
def auto_release(work: Work, at: datetime) -> None:
    """Pay the sellers of deadline escrows whose time has come."""
    due = escrow_queries.due(policy=Policy.DEADLINE, at=at)
    deed = partial(releases.release_all, reason="expired", due_by=at)
    work.in_chunks(due, deed, dry=partial(release_preview.release_none, due_by=at))
