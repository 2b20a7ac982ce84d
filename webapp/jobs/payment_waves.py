"""Asking providers about payments, for every job and person that wants to know."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.provider_words import Seen, Unanswered, Word
from webapp.errors import Refusal
from webapp.jobs.waves import Wave
from webapp.jobs.work import Work
from webapp.models import Payment
from webapp.providers.failures import CallFailed, unanswered
from webapp.runtime import Runtime
from webapp.services import payment_settling, payments
from webapp.services.outcome import Outcome
from webapp.services.payments import Asked
from webapp.sql import database_now

LEASE = timedelta(minutes=3)
"""How long a payment that is being asked about is nobody else's."""


def wave(work: Work, only: Sequence[int] | None = None) -> Wave[Asked, Seen]:
    """Every pending payment whose time has come, or of `only` those."""
    chosen = None if only is None else list(only)
    known = list(work.runtime.providers.collecting)
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return Wave(
        kind="payment",
        take=lambda session, limit: payments.take_due(
            session, database_now(session), limit, LEASE, known, chosen, due_by=due_by
        ),
        ask=partial(look, work.runtime),
        settle=partial(_settle, work),
        count=lambda session: payments.count_due(session, due_by, known, chosen),
        key=lambda asked: asked.id,
    )


def look(runtime: Runtime, asked: Asked) -> Seen:
    """Ask its provider. Raises CallFailed, or Unavailable when the provider is not configured."""
    if asked.reference is None:
        raise CallFailed("It has no reference, so no provider can be asked.")
    return runtime.providers.collector(asked.provider).look(asked.reference)


def verify_now(runtime: Runtime, payment_id: int, actor: Actor) -> Payment:
    """Ask about one payment and settle it at once, for a person or a machine that waits for the answer."""
    with runtime.db.transaction() as session:
        payments.require_verifiable(session, payment_id, actor)
        [asked] = payments.mark_asked(session, [payment_id], database_now(session), LEASE)
    word: Word
    try:
        word = look(runtime, asked)
    except CallFailed as failure:
        word = unanswered(failure)
    except Refusal as refusal:
        word = Unanswered(refusal.detail, is_unsent=True)
    with runtime.db.transaction() as session:
        payment_settling.settle_all(
            session, {payment_id: word}, at=database_now(session), actor=actor, settings=runtime.settings
        )
        return payments.get(session, payment_id)


def _settle(work: Work, session: Session, answered: Sequence[tuple[Asked, Word]]) -> Outcome:
    words = {asked.id: word for asked, word in answered}
    return payment_settling.settle_all(
        session, words, at=database_now(session), actor=work.actor, settings=work.settings
    )
