"""Giving money back through the providers: looked for first, for a provider would give it twice."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from webapp.domain.provider_words import Fate, Seen, Word
from webapp.errors import Unavailable
from webapp.jobs.waves import Wave
from webapp.jobs.work import Work
from webapp.providers.failures import Refused, Unknown
from webapp.runtime import Runtime
from webapp.services import refunds
from webapp.services.outcome import Outcome
from webapp.services.refunds import Giving
from webapp.sql import database_now

LEASE = timedelta(minutes=3)


def wave(work: Work) -> Wave[Giving, Seen]:
    """Every refund whose time has come."""
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return Wave(
        kind="refund",
        lease=LEASE,
        take=lambda session, limit: refunds.take_due(session, database_now(session), limit, LEASE, due_by=due_by),
        ask=lambda giving: give(work.runtime, giving),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: refunds.count_due(session, due_by),
        key=lambda giving: giving.id,
    )


def give(runtime: Runtime, giving: Giving) -> Seen:
    """Look for the refund, and send it when it was never sent. Raises CallFailed, or Unavailable."""
    provider = runtime.providers.refunding.get(giving.provider)
    if provider is None:
        raise Unavailable(f"{giving.provider} is not configured, so nothing can be given back through it.")
    try:
        found = provider.look_refund(giving.reference, giving.amount)
    except Refused as refusal:
        raise Unknown(refusal.sentence) from None
    if found.fate != Fate.ABSENT or not giving.may_send:
        return found
    return provider.refund(giving.reference, giving.amount, giving.currency, "Refund by the desk")


def _settle(work: Work, session: Session, answered: Sequence[tuple[Giving, Word]]) -> Outcome:
    words = {giving.id: word for giving, word in answered}
    claims = {giving.id: giving.claim for giving, _ in answered}
    return refunds.settle_all(session, words, at=database_now(session), actor=work.actor, claims=claims)
