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
    zone = work.settings.auto_deduct_zone
    deed = partial(deductions.deduct_all, zone=zone)
    work.in_chunks(deductions.due(), deed, dry=partial(deductions.preview_all, zone=zone))
