"""Sending payouts, and asking about those that may have been sent."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor, job_actor
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.jobs.engine.provider_batches import ProviderBatch, answer_of
from webapp.jobs.engine.work import Work
from webapp.providers.http.errors import (
    Exists,
    NotSent,
    ProviderRefused,
    RecipientUnknown,
    Unknown,
)
from webapp.providers.protocols import Destination, PayoutInstruction, PayoutSender
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.payouts import destinations, payouts, settlement
from webapp.services.payouts.payouts import ClaimedPayout
from webapp.sql import database_now

LEASE = timedelta(minutes=3)
"""How long a payout that is being sent is nobody else's; after that its provider is asked."""


ACTOR = job_actor("process_payout_schedules")
"""In whose name an account is made known to a provider."""


def batch(work: Work, only: list[int] | None = None) -> ProviderBatch[ClaimedPayout, ProviderResponse]:
    """Every payout whose time has come, or of `only` those."""
    known = list(work.runtime.providers.payout_senders)
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return ProviderBatch(
        kind="payout",
        lease=LEASE,
        take=lambda session, limit: payouts.claim_due(
            session, database_now(session), limit, LEASE, known, only, due_by=due_by
        ),
        ask=partial(send, work.runtime),
        settle=partial(_settle, work),
        count=lambda session: payouts.count_due(session, due_by, known, only),
    )


def ask_now(runtime: Runtime, payout_id: int, actor: Actor) -> str:
    """Ask about one payout and settle it, for a person who waits for it. Answers why that was not possible, if so."""
    with runtime.db.transaction() as session:
        claimed = payouts.claim_one(session, payout_id, LEASE, at=database_now(session), actor=actor)
    result = answer_of(lambda: send(runtime, claimed))
    with runtime.db.transaction() as session:
        claims = {claimed.id: claimed.claim}
        settlement.settle_all(session, {claimed.id: result}, at=database_now(session), actor=actor, claims=claims)
    return result.message if isinstance(result, NoResponse) else ""


def send(runtime: Runtime, claimed: ClaimedPayout) -> ProviderResponse:
    """Send it when it was surely never sent, else ask. Raises CallFailed, or Unavailable."""
    provider = runtime.providers.payout_senders.get(claimed.provider)
    if provider is None:
        raise Unavailable(
            phrase("%(provider)s is not configured, so it can't be asked about payouts.", provider=claimed.provider)
        )
    if not claimed.may_send:
        return _fetched(provider, claimed.ref)
    try:
        return _sent(runtime, provider, claimed)
    except ProviderRefused as failure:
        if _may_be_there(runtime, claimed):
            raise Unknown(failure.sentence, retry_after=failure.retry_after) from None
        raise


def _sent(runtime: Runtime, provider: PayoutSender, claimed: ClaimedPayout) -> ProviderResponse:
    recipient = claimed.recipient or _known_as(runtime, provider, claimed)
    try:
        return _pay(provider, claimed, recipient)
    except RecipientUnknown:
        if claimed.recipient is None:
            raise
    return _pay_anew(runtime, provider, claimed)


def _may_be_there(runtime: Runtime, claimed: ClaimedPayout) -> bool:
    """Whether an earlier sending may have been taken and not be shown yet: a refusal now is none of that one."""
    earlier, patience = claimed.earlier_sent_at, timedelta(hours=runtime.settings.payout_lookup_hours)
    return earlier is not None and claimed.taken_at < earlier + patience


def _pay_anew(runtime: Runtime, provider: PayoutSender, claimed: ClaimedPayout) -> ProviderResponse:
    """Make the account known again, and send it there; an account that is unknown even so can't be paid to."""
    recipient = _known_as(runtime, provider, claimed)
    try:
        return _pay(provider, claimed, recipient)
    except RecipientUnknown as failure:
        raise ProviderRefused(failure.sentence, status=failure.status, code=failure.code) from None


def _pay(provider: PayoutSender, claimed: ClaimedPayout, recipient: str) -> ProviderResponse:
    """What is refused, or there already, is looked for: the reference may have been used by this very payout."""
    order = PayoutInstruction(claimed.ref, recipient, claimed.amount, claimed.currency, "Payout")
    try:
        return provider.send_payout(order)
    except (ProviderRefused, Exists):
        found = _fetched(provider, order.reference)
        if found.status == ProviderStatus.ABSENT:
            raise
        return found


def _fetched(provider: PayoutSender, reference: str) -> ProviderResponse:
    """Ask. A provider that does not tell says nothing about the payout, nor that it was not sent."""
    try:
        return provider.fetch_payout(reference)
    except (ProviderRefused, NotSent) as failure:
        raise Unknown(failure.sentence, retry_after=failure.retry_after) from None


def _known_as(runtime: Runtime, provider: PayoutSender, claimed: ClaimedPayout) -> str:
    """What the provider knows the account by from now on; kept before anything is sent there."""
    recipient = provider.register_recipient(_destination(runtime, claimed.destination_id))
    with runtime.db.transaction() as session:
        destinations.remember_recipient(
            session, claimed.destination_id, recipient, former=claimed.recipient, at=database_now(session), actor=ACTOR
        )
    return recipient


def _destination(runtime: Runtime, destination_id: int) -> Destination:
    with runtime.db.reading() as session:
        found = destinations.get(session, destination_id)
    number = destinations.number_of(found, runtime.settings.encryption_keys)
    return Destination(
        found.kind, found.bank_code, number, found.account_name, found.currency, found.account_reference or ""
    )


def _settle(work: Work, session: Session, answered: Sequence[tuple[ClaimedPayout, ProviderResult]]) -> Outcome:
    results = {claimed.id: result for claimed, result in answered}
    claims = {claimed.id: claimed.claim for claimed, _ in answered}
    return settlement.settle_all(
        session, results, at=database_now(session), actor=work.actor, run_id=work.run_id, claims=claims
    )
