"""The daily payouts."""

from datetime import datetime
from functools import partial

from webapp.jobs import job, minutes
from webapp.jobs.payout_waves import wave
from webapp.jobs.work import NotConfigured, Work
from webapp.services import payout_schedules, payout_writing


@job(cron="0 2 * * *", max_duration=minutes(10))
def process_payout_schedules(work: Work, at: datetime) -> None:
    """Send payouts that are due, at most 3 attempts each."""
    ways = work.runtime.providers.ways_to_pay
    only = work.asked.get("schedule")
    writing = partial(payout_writing.write_all, ways=ways)
    dry = partial(payout_writing.write_none, ways=ways)
    work.in_chunks(payout_schedules.due(at, only), writing, dry=dry)
    if not ways:
        raise NotConfigured("Sending payouts is not configured: set PAYSTACK_SECRET_KEY.")
    work.in_waves(wave(work, work.only_items("payout")))
