"""Giving money back through the providers: looked for first, for a provider would give it twice."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.domain.payments.refund_matching import candidates
from webapp.domain.providers.fencing import Claim
from webapp.domain.providers.provider_results import (
    ChargebackReport,
    Disputed,
    ListedRefunds,
    NoResponse,
    ProviderResponse,
    ProviderResult,
)
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.jobs.engine.provider_batches import ProviderBatch
from webapp.jobs.engine.work import Work
from webapp.providers.http.errors import CallFailed, NotSent, Unknown
from webapp.providers.protocols import RefundSender
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.refunds.refunds import ClaimedRefund
from webapp.sql import database_now

_UNSENT = NoResponse(phrase("The payer's bank disputes the payment."), is_unsent=True)
LEASE = timedelta(minutes=3)
Got = TypeVar("Got")


def batch(work: Work) -> ProviderBatch[ClaimedRefund, ProviderResponse | ListedRefunds | Disputed]:
    """Every refund whose time has come."""
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return ProviderBatch(
        kind="refund",
        lease=LEASE,
        take=lambda session, limit: refunds.claim_due(session, database_now(session), limit, LEASE, due_by=due_by),
        ask=lambda claimed: give(work.runtime, claimed),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: refunds.count_due(session, due_by),
    )


def fetch(runtime: Runtime, refund_id: int) -> ProviderResponse | ListedRefunds:
    """What its provider says of a refund. Raises CallFailed."""
    with runtime.db.reading() as session:
        claimed = refunds.unclaimed(session, refund_id)
    return _query_provider(runtime, claimed)


def give(runtime: Runtime, claimed: ClaimedRefund) -> ProviderResponse | ListedRefunds | Disputed:
    """Ask for the refund by the provider's id of it, else look through its list; send it when none there can be ours,
    and it may be sent. Raises CallFailed, or Unavailable.
    """
    seen = _query_provider(runtime, claimed)
    is_missing = (
        isinstance(seen, ListedRefunds) and claimed.wanted is not None and not candidates(claimed.wanted, seen.rows)
    )
    if not claimed.may_send or not is_missing:
        return seen
    if news := _disputed(runtime, claimed):
        return Disputed(news)
    return _sent(runtime.providers.refund_senders[claimed.provider], claimed)


def _query_provider(runtime: Runtime, claimed: ClaimedRefund) -> ProviderResponse | ListedRefunds:
    """By its number there, else by the list of the payment's refunds."""
    provider = runtime.providers.refund_senders.get(claimed.provider)
    if provider is None:
        sentence = phrase(
            "%(provider)s is not configured, so nothing can be given back through it.", provider=claimed.provider
        )
        raise Unavailable(sentence) if claimed.may_send else Unknown(sentence)
    if claimed.provider_id is not None:
        number = claimed.provider_id
        return _fetched(claimed, lambda: provider.fetch_refund(number, claimed.reference))
    return ListedRefunds(tuple(_fetched(claimed, lambda: provider.fetch_refunds(claimed.reference))))


def _disputed(runtime: Runtime, claimed: ClaimedRefund) -> tuple[ChargebackReport, ...]:
    """What a bank wants of the payment, or has, that we don't know of: what it takes is not sent besides."""
    bank = runtime.providers.chargeback_readers.get(claimed.provider)
    if bank is None:
        return ()
    found = _fetched(claimed, lambda: bank.fetch_chargebacks(claimed.reference))
    with runtime.db.reading() as session:
        return tuple(each for each in found if chargebacks.is_news(session, claimed.provider, each))


def _sent(provider: RefundSender, claimed: ClaimedRefund) -> ProviderResponse:
    note = "Refund by the desk"
    return provider.refund(claimed.reference, claimed.amount, claimed.currency, note, key=claimed.key)


def _fetched(claimed: ClaimedRefund, fetch_there: Callable[[], Got]) -> Got:
    """Look. One that fails says nothing of what was sent before; and before it was looked, nothing is sent."""
    try:
        return fetch_there()
    except CallFailed as failure:
        kind = NotSent if claimed.may_send else Unknown
        raise kind(failure.sentence, retry_after=failure.retry_after) from None


def _settle(
    work: Work,
    session: Session,
    answered: Sequence[tuple[ClaimedRefund, ProviderResponse | ListedRefunds | Disputed | NoResponse]],
) -> Outcome:
    disputed = {claimed.payment_id: result.banks for claimed, result in answered if isinstance(result, Disputed)}
    results = {claimed.id: _UNSENT if isinstance(result, Disputed) else result for claimed, result in answered}
    claims = {claimed.id: claimed.claim for claimed, _ in answered}
    payment_settlement.lock_escrows(session, list(disputed))
    outcome = _settled(work, session, results, claims)
    for payment_id, banks in disputed.items():
        for each in banks:
            at = database_now(session)
            chargebacks.settle(session, payment_id, each, at=at, actor=work.actor, settings=work.settings)
    if disputed:
        unsent: dict[int, ProviderResult] = dict.fromkeys(disputed, _UNSENT)
        at = database_now(session)
        payment_settlement.settle_all(session, unsent, at=at, actor=work.actor, settings=work.settings)
    return outcome


def _settled(
    work: Work,
    session: Session,
    results: dict[int, ProviderResponse | ListedRefunds | NoResponse],
    claims: dict[int, Claim],
) -> Outcome:
    return refund_settlement.settle_all(session, results, at=database_now(session), actor=work.actor, claims=claims)
