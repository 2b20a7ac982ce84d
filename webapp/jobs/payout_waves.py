"""Sending payouts, and asking about those that may have been sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.provider_words import Fate, Seen, Unanswered
from webapp.errors import Unavailable
from webapp.jobs.waves import Wave
from webapp.jobs.work import Work
from webapp.providers.failures import Refused, Unknown
from webapp.providers.needs import Destination, Paying, Sending
from webapp.runtime import Runtime
from webapp.services import payout_destinations, payout_settling, payouts
from webapp.services.outcome import Outcome
from webapp.services.payouts import Taken
from webapp.sql import database_now

LEASE = timedelta(minutes=3)
"""How long a payout that is being sent is nobody else's; after that its provider is asked."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider said of a payout, and what it knows the account by."""

    seen: Seen
    recipient: str | None


def wave(work: Work, only: list[int] | None = None) -> Wave[Taken, Told]:
    """Every payout whose time has come, or of `only` those."""
    known = list(work.runtime.providers.paying)
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return Wave(
        kind="payout",
        lease=LEASE,
        take=lambda session, limit: payouts.take_due(
            session, database_now(session), limit, LEASE, known, only, due_by=due_by
        ),
        ask=partial(send, work.runtime),
        settle=partial(_settle, work),
        count=lambda session: payouts.count_due(session, due_by, known, only),
        key=lambda taken: taken.id,
    )


def send(runtime: Runtime, taken: Taken) -> Told:
    """Send it when it was surely never sent, else ask. Raises CallFailed, or Unavailable."""
    provider = runtime.providers.paying.get(taken.provider)
    if provider is None:
        raise Unavailable(f"{taken.provider} is not configured, so it can't be asked about payouts.")
    if not taken.may_send:
        return Told(_looked(provider, taken.ref), None)
    recipient = taken.recipient or provider.recipient(_destination(runtime, taken.destination_id))
    order = Sending(taken.ref, recipient, taken.amount, taken.currency, "Payout")
    return Told(_pay(provider, order), recipient if taken.recipient is None else None)


def _pay(provider: Paying, order: Sending) -> Seen:
    """A refusal is looked into: the reference may have been used by this very payout before."""
    try:
        return provider.pay(order)
    except Refused:
        found = _looked(provider, order.reference)
        if found.fate == Fate.ABSENT:
            raise
        return found


def _looked(provider: Paying, reference: str) -> Seen:
    """Ask. A provider that refuses to tell says nothing about the payout."""
    try:
        return provider.look_payout(reference)
    except Refused as refusal:
        raise Unknown(refusal.sentence) from None


def _destination(runtime: Runtime, destination_id: int) -> Destination:
    with runtime.db.reading() as session:
        found = payout_destinations.get(session, destination_id)
    number = payout_destinations.number_of(found, runtime.settings.sealing_keys)
    return Destination(found.kind, found.bank_code, number, found.account_name, found.currency)


def _settle(work: Work, session: Session, answered: Sequence[tuple[Taken, Told | Unanswered]]) -> Outcome:
    words = {taken.id: told.seen if isinstance(told, Told) else told for taken, told in answered}
    known = {taken.destination_id: told.recipient for taken, told in answered if isinstance(told, Told)}
    for destination_id, recipient in sorted(known.items()):
        if recipient is not None:
            payout_destinations.remember_recipient(session, destination_id, recipient)
    claims = {taken.id: taken.claim for taken, _ in answered}
    return payout_settling.settle_all(
        session, words, at=database_now(session), actor=work.actor, run_id=work.run_id, claims=claims
    )
