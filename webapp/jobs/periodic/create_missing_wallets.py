"""Wallets for those who lack one."""

from datetime import datetime
from functools import partial

from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.services.parties import wallet_provisioning


@job(cron="0 10 * * *", moves_money=False)
def create_missing_wallets(work: Work, at: datetime) -> None:
    """Give verified parties a wallet in each currency they use, or in their country's."""
    default = work.settings.default_currency
    missing = partial(wallet_provisioning.open_missing, default=default)
    work.in_chunks(
        wallet_provisioning.due(), missing, dry=partial(wallet_provisioning.preview_missing, default=default)
    )
    work.in_chunks(wallet_provisioning.blocked(), wallet_provisioning.unblock)
