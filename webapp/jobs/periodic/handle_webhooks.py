"""Webhooks of the providers, soon after they came."""

from datetime import datetime

from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.process_webhooks import batch


@job(title="Handle webhooks of providers", cron="* * * * *", catch_up=CatchUp.SKIP)
def handle_webhooks(work: Work, at: datetime) -> None:
    """Handle what providers told us: ask them about it, and do what the answer means."""
    work.in_provider_batches(batch(work))
