"""The daily payouts."""

from datetime import datetime
from functools import partial

from webapp.jobs import job, minutes
from webapp.jobs.payout_waves import wave
from webapp.jobs.run_book import MOST_ITEMS
from webapp.jobs.work import NotConfigured, Work
from webapp.services import payout_schedules, payout_writing, payouts


@job(cron="0 2 * * *", max_duration=minutes(10))
def process_payout_schedules(work: Work, at: datetime) -> None:
    """Send payouts that are due, at most 3 attempts each."""
    ways = work.runtime.providers.ways_to_pay
    only = work.asked.get("schedule")
    writing = partial(payout_writing.write_all, ways=ways, terms=work.asked.get("terms"))
    dry = partial(payout_writing.write_none, ways=ways)
    work.in_chunks(payout_schedules.due(at, only), writing, dry=dry)
    if not ways:
        raise NotConfigured("Sending payouts is not configured: set PAYSTACK_SECRET_KEY.")
    due_by = work.now
    work.in_waves(wave(work, work.only_items("payout")))
    if not work.dry_run:
        _name_what_waits(work, due_by)


def _name_what_waits(work: Work, due_by: datetime) -> None:
    """Items of the run, not failed: their provider sends no payout at present, and they go on by themselves."""
    known = list(work.runtime.providers.paying)
    with work.db.transaction() as session:
        work.book.hold(session)
        waiting = payouts.held_back(session, due_by, known, MOST_ITEMS)
        work.book.expect(session, len(waiting.refused))
        work.book.count(session, waiting)
    work.book.committed()
