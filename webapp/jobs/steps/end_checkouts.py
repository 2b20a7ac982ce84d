"""Telling providers to take no payment any more at the pages of what the desk has given up."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from webapp.domain.providers.provider_results import NoResponse
from webapp.jobs.engine.provider_batches import ProviderBatch
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.verify_payments import LEASE
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.payments import checkout_expiry
from webapp.services.payments.checkout_expiry import OpenCheckout
from webapp.sql import database_now


def batch(work: Work) -> ProviderBatch[OpenCheckout, None]:
    """Each page once; the same again is harmless, and one that could not be ended is tried by the next run."""
    ending = work.runtime.providers.checkout_closers
    with work.db.reading() as session:
        found = checkout_expiry.due(session, work.now, work.settings)
    left = [each for each in found if each.provider in ending]

    def take(session: Session, limit: int) -> list[OpenCheckout]:
        now, left[:] = left[:limit], left[limit:]
        return now

    return ProviderBatch(
        kind="checkout",
        lease=LEASE,
        take=take,
        ask=lambda each: ending[each.provider].end(each.address),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: len(left),
    )


def _settle(work: Work, session: Session, answered: Sequence[tuple[OpenCheckout, NoResponse | None]]) -> Outcome:
    ended = [each.id for each, answer in answered if answer is None]
    checkout_expiry.note(session, ended, at=database_now(session), actor=work.actor)
    refused = [
        RefusedItem(each.id, each.address, answer.message)
        for each, answer in answered
        if isinstance(answer, NoResponse)
    ]
    return Outcome("checkout", done=len(ended), refused=refused)
