"""Handling what providers told us: what it is about is asked of the provider itself, then settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from webapp.domain.provider_words import Seen, Unanswered, Word
from webapp.domain.states import IncomingStatus
from webapp.errors import Unavailable
from webapp.jobs.waves import Wave
from webapp.jobs.work import Work
from webapp.providers.failures import Refused, Unknown
from webapp.providers.tidings import About
from webapp.runtime import Runtime
from webapp.services import alerts, chargebacks, incoming, payment_settling, payout_settling, refunds
from webapp.services.incoming import Arrived
from webapp.services.outcome import Outcome
from webapp.services.outcome import Refused as LeftAlone
from webapp.sql import database_now

LEASE = timedelta(minutes=2)
NO_SUBJECT = "Nothing here has this reference."
_KNOWN_ALREADY = ("transaction.applied", "transaction.inflight", "transaction.void", "transaction.queued")
"""Blnk tells of what we did there ourselves."""
NOT_OURS = "The desk does nothing about events of this kind."


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to ask; why, in a sentence."""

    said: str


def wave(work: Work) -> Wave[Arrived, Seen | Nothing]:
    """Everything that waits to be handled."""
    return Wave(
        kind="incoming_webhook",
        take=lambda session, limit: incoming.take_due(session, work.now, limit, LEASE),
        ask=lambda arrived: ask(work.runtime, arrived),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: incoming.count_due(session, work.now),
        key=lambda arrived: arrived.id,
    )


def ask(runtime: Runtime, arrived: Arrived) -> Seen | Nothing:
    """Ask the provider about what its webhook is about: a signature says who wrote it, not that it is so still."""
    about, reference = arrived.tidings.about, arrived.tidings.reference
    if about == About.NOTHING or arrived.tidings.event in _KNOWN_ALREADY:
        return Nothing(NOT_OURS)
    if about == About.TRANSFER:
        return Nothing("")
    if arrived.subject_id is None or reference is None:
        return Nothing(NO_SUBJECT)
    if about == About.CHARGEBACK:
        return Nothing("")
    try:
        return _looked(runtime, arrived.provider, about, reference)
    except Refused as refusal:
        raise Unknown(refusal.sentence) from None


def _looked(runtime: Runtime, name: str, about: About, reference: str) -> Seen:
    house = runtime.providers
    if about == About.PAYMENT:
        return house.collector(name).look(reference)
    if about == About.PAYOUT and name in house.paying:
        return house.paying[name].look_payout(reference)
    if about == About.REFUND and name in house.refunding:
        return house.refunding[name].look_refund(reference)
    raise Unavailable(f"{name} is not configured, so it can't be asked.")


def _settle(work: Work, session: Session, answered: Sequence[tuple[Arrived, Seen | Nothing | Unanswered]]) -> Outcome:
    outcome, at = Outcome("incoming_webhook"), database_now(session)
    ended: dict[int, tuple[IncomingStatus, str]] = {}
    waiting: dict[int, str] = {}
    words: dict[About, dict[int, Word]] = {about: {} for about in About}
    for arrived, answer in answered:
        if isinstance(answer, Unanswered):
            waiting[arrived.id] = answer.said
        elif isinstance(answer, Seen):
            words[arrived.tidings.about][arrived.subject_id or 0] = answer
            ended[arrived.id] = IncomingStatus.HANDLED, f"The provider says: {answer.said or answer.fate}."
        elif arrived.tidings.unreadable:
            ended[arrived.id] = IncomingStatus.FAILED, arrived.tidings.unreadable
        elif not answer.said:
            ended[arrived.id] = IncomingStatus.HANDLED, _noted(work, session, arrived)
        else:
            ended[arrived.id] = IncomingStatus.IGNORED, answer.said
    _apply(work, session, words)
    incoming.close(session, ended, at=at)
    incoming.put_off(session, waiting, at=at)
    outcome.done = len(ended)
    outcome.refused = [LeftAlone(webhook_id, f"webhook {webhook_id}", said) for webhook_id, said in waiting.items()]
    return outcome


def _apply(work: Work, session: Session, words: dict[About, dict[int, Word]]) -> None:
    """In the order of locks: escrows before wallets."""
    at, actor = database_now(session), work.actor
    if words[About.PAYMENT]:
        payment_settling.settle_all(session, words[About.PAYMENT], at=at, actor=actor, settings=work.settings)
    if words[About.PAYOUT]:
        payout_settling.settle_all(session, words[About.PAYOUT], at=at, actor=actor, run_id=work.run_id)
    if words[About.REFUND]:
        refunds.settle_all(session, words[About.REFUND], at=at, actor=actor)


def _noted(work: Work, session: Session, arrived: Arrived) -> str:
    """What needs no answer of the provider: a chargeback, and a transfer that the external ledger rejected."""
    told = arrived.tidings
    if told.about == About.TRANSFER:
        said = f"Blnk rejected transfer {told.reference}: its books lack it."
        alerts.fire(session, "transfer_rejected", told.reference or "unknown", "page", said, database_now(session))
        return said
    return chargebacks.note(
        session,
        arrived.provider,
        arrived.subject_id,
        told.event,
        told.data,
        at=database_now(session),
        actor=work.actor,
        settings=work.settings,
    )
