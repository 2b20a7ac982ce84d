"""The nightly repayments."""

from datetime import datetime
from functools import partial

from webapp.domain.states import CatchUp
from webapp.jobs import hours, job
from webapp.jobs.engine.work import Work
from webapp.services.parties import auto_deduct as deductions
from webapp.services.parties import auto_deduct_mandates as standing_orders


@job(cron="0 23 * * *", zone="Africa/Nairobi", grace=hours(1), catch_up=CatchUp.ONCE_SAME_DAY)
def auto_deduct(work: Work, at: datetime) -> None:
    """Take repayments from wallets of parties in debt."""
    rule = standing_orders.rule(work.settings)
    deed = partial(deductions.deduct_all, rule=rule)
    work.in_chunks(deductions.due(), deed, dry=partial(deductions.preview_all, rule=rule))
