"""The calendar of subscriptions: expired, then suspended."""

from datetime import datetime
from functools import partial

from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.services.subscriptions import expiry

CHUNK = 500


@job(title="End subscriptions on their date", cron="0 0 * * *", moves_money=False)
def expire_subscriptions(work: Work, at: datetime) -> None:
    """Mark subscriptions whose date has come as expired, and suspend those whose grace is over."""
    expire = partial(expiry.expire_all, by=at, settings=work.settings)
    work.in_chunks(expiry.due_to_expire(at), expire, dry=expiry.preview, size=CHUNK)
    over = expiry.due_to_suspend(at, work.settings, also_active=work.dry_run)
    suspend = partial(expiry.suspend_all, by=at, settings=work.settings)
    work.in_chunks(over, suspend, dry=expiry.preview, size=CHUNK)
