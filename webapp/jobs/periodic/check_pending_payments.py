"""The hourly look after payments that no webhook settled, and orders that nobody paid."""

from datetime import datetime, timedelta

from webapp.jobs import job, minutes
from webapp.jobs.engine.work import Work
from webapp.jobs.steps import end_checkouts
from webapp.jobs.steps.verify_payments import batch, open_chargebacks
from webapp.services.payments import payments, unpaid_orders


@job(title="Settle payments that are pending", cron="0 * * * *", max_duration=minutes(30), long_run=minutes(20))
def check_pending_payments(work: Work, at: datetime) -> None:
    """Verify payments that no webhook settled, give up on the silent, and decline orders never paid."""
    known = list(work.runtime.providers.payment_collectors)
    if not known:
        work.log("payments.not_asked", sentence="No provider is configured that could be asked about payments.")
    asking = batch(work, work.control.only_items("payment"))
    work.in_provider_batches(asking, dry=lambda session: payments.due_now(session, max(at, work.now), known))
    work.in_provider_batches(open_chargebacks(work))
    patience = timedelta(hours=work.settings.order_payment_timeout_hours)
    work.in_chunks(unpaid_orders.due(at, patience), unpaid_orders.decline_all, dry=unpaid_orders.preview_all)
    if work.runtime.providers.checkout_closers:
        work.in_provider_batches(end_checkouts.batch(work))
