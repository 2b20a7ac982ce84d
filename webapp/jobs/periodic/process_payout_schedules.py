"""The daily payouts."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.jobs import job, minutes
from webapp.jobs.engine.run_recorder import MOST_ITEMS
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.jobs.steps.send_payouts import batch
from webapp.providers import catalogue
from webapp.services.common.batch_result import Outcome
from webapp.services.payouts import creation, payouts, retries
from webapp.services.payouts.schedules import schedules


@job(title="Pay out what is planned", cron="0 2 * * *", max_duration=minutes(10))
def process_payout_schedules(work: Work, at: datetime) -> None:
    """Send payouts that are due, at most 3 attempts each."""
    routes = work.runtime.providers.payout_routes
    only = work.parameters.get("schedule")
    failed = work.control.only_items("payout")
    terms, as_before = work.parameters.get("terms"), failed is not None
    writing = partial(creation.create_all, routes=routes, terms=terms, as_before=as_before)
    dry = partial(creation.preview_all, routes=routes)
    retried = None if failed is None else _schedules_of(work, failed)
    work.in_chunks(schedules.due(at, only, is_retry=failed is not None), writing, dry, retried)
    if not routes:
        raise NotConfigured(
            phrase(
                "Sending payouts is not configured: set %(needed_to_pay_out)s.",
                needed_to_pay_out=catalogue.needed_to_pay_out(work.settings),
            )
        )
    due_by = work.now
    if failed is None or retried is None:
        work.in_provider_batches(batch(work))
    else:
        work.in_provider_batches(batch(work, [*failed, *_present(work, retried)]))
        _name(work, partial(retries.left, payout_ids=failed, run_id=work.run_id))
    if not work.dry_run:
        known = list(work.runtime.providers.payout_senders)
        _name(work, partial(payouts.held_back, at=due_by, providers=known, limit=MOST_ITEMS))


def _schedules_of(work: Work, failed: list[int]) -> list[int]:
    """What a retry may pay: of the failed items and no others."""
    with work.db.reading() as session:
        return [*retries.schedules_of(session, failed), *(work.control.only_items("payout_schedule") or [])]


def _present(work: Work, retried: list[int]) -> list[int]:
    with work.db.reading() as session:
        return retries.present_payouts(session, retried)


def _name(work: Work, left: Callable[[Session], Outcome]) -> None:
    """Items of the run, not failed: what was left alone, and why."""

    def counted(session: Session) -> Outcome:
        waiting = left(session)
        work.recorder.expect(session, len(waiting.refused))
        return waiting

    work.recorder.record(counted)
