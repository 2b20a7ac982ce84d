"""Wallets for those who lack one."""

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.models import Run
from webapp.services.common.batch_result import Outcome
from webapp.services.common.open_writers import wait_for_writers
from webapp.services.parties import wallet_provisioning
from webapp.services.parties.wallet_provisioning import SOURCES, Seen


@job(title="Give verified parties their wallets", cron="0 10 * * *", moves_money=False)
def create_missing_wallets(work: Work, at: datetime) -> None:
    """Give verified parties a wallet in each currency they use, or in their country's."""
    default = work.settings.default_currency
    missing = partial(wallet_provisioning.open_missing, default=default)
    with work.db.reading() as session:
        now = wallet_provisioning.newest(session, work.now)
        since = wallet_provisioning.seen(session, now)
        wait_for_writers(session, SOURCES, work.control.check)
    work.in_chunks(
        wallet_provisioning.due(since), missing, dry=partial(wallet_provisioning.preview_missing, default=default)
    )
    work.in_chunks(wallet_provisioning.blocked(), wallet_provisioning.unblock)
    if not work.dry_run and work.control.only_items("party") is None:
        work.recorder.record(lambda session: _keep(work, session, now))


def _keep(work: Work, session: Session, now: Seen) -> Outcome:
    """What failed is looked at again by the next run, with all that came since."""
    if session.scalars(select(Run.failed).where(Run.id == work.run_id)).one() == 0:
        wallet_provisioning.keep_seen(session, now, at=work.now, actor=work.actor)
    return Outcome("party")
