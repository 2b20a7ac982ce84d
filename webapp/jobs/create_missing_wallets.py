"""Wallets for those who lack one."""

from datetime import datetime

from webapp.jobs import job
from webapp.jobs.work import Work
from webapp.services import wallets


@job(cron="0 10 * * *", moves_money=False)
def create_missing_wallets(work: Work, at: datetime) -> None:
    """Give verified parties a wallet in each currency they use."""
    work.in_chunks(wallets.due(), wallets.open_missing, dry=wallets.count_missing)
    work.in_chunks(wallets.blocked(), wallets.unblock)
