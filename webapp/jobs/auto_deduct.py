"""The nightly repayments."""

from datetime import datetime
from functools import partial

from webapp.domain.states import CatchUp
from webapp.jobs import hours, job
from webapp.jobs.work import Work
from webapp.services import deductions


@job(cron="0 23 * * *", zone="Africa/Nairobi", grace=hours(1), catch_up=CatchUp.ONCE_SAME_DAY)
def auto_deduct(work: Work, at: datetime) -> None:
    """Take repayments from wallets of parties in debt."""
    day = {"due_by": at, "zone": work.settings.auto_deduct_zone}
    work.in_chunks(
        deductions.due(at), partial(deductions.deduct_all, **day), dry=partial(deductions.preview_all, **day)
    )
