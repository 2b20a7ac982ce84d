"""The nightly repayments."""

from datetime import datetime
from functools import partial

from webapp.domain.states import CatchUp
from webapp.jobs import hours, job
from webapp.jobs.engine.work import Work
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct import deduct_all, due, preview_all

CHUNK = 500
"""Parties in one transaction: their wallets are locked until it ends, and others wait for them less than a second."""


@job(
    title="Take repayments from wallets",
    cron="0 23 * * *",
    zone="Africa/Nairobi",
    grace=hours(1),
    catch_up=CatchUp.ONCE_SAME_DAY,
)
def auto_deduct(work: Work, at: datetime) -> None:
    """Take repayments from wallets of parties in debt."""
    rule = auto_deduct_mandates.rule(work.settings)
    action = partial(deduct_all, rule=rule)
    work.in_chunks(due(), action, dry=partial(preview_all, rule=rule), size=CHUNK)
