"""Giving money back through the providers: looked for first, for a provider would give it twice."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from webapp.domain.claims import Claim
from webapp.domain.provider_results import (
    ChargebackReport,
    Disputed,
    ListedRefunds,
    NoResponse,
    ProviderResponse,
    ProviderResult,
)
from webapp.domain.refund_match import candidates
from webapp.errors import Unavailable
from webapp.jobs.engine.provider_batches import ProviderBatch
from webapp.jobs.engine.work import Work
from webapp.providers.http.errors import CallFailed, NotSent, Unknown
from webapp.providers.protocols import Refunding
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import lifecycle
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.refunds.refunds import Giving
from webapp.sql import database_now

_UNSENT = NoResponse("The payer's bank disputes the payment.", is_unsent=True)
LEASE = timedelta(minutes=3)
Got = TypeVar("Got")


def batch(work: Work) -> ProviderBatch[Giving, ProviderResponse | ListedRefunds | Disputed]:
    """Every refund whose time has come."""
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return ProviderBatch(
        kind="refund",
        lease=LEASE,
        take=lambda session, limit: refunds.take_due(session, database_now(session), limit, LEASE, due_by=due_by),
        ask=lambda giving: give(work.runtime, giving),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: refunds.count_due(session, due_by),
        key=lambda giving: giving.id,
    )


def look(runtime: Runtime, refund_id: int) -> ProviderResponse | ListedRefunds:
    """What its provider says of a refund. Raises CallFailed."""
    with runtime.db.reading() as session:
        giving = refunds.to_look(session, refund_id)
    return _asked(runtime, giving)


def give(runtime: Runtime, giving: Giving) -> ProviderResponse | ListedRefunds | Disputed:
    """Ask for the refund by the provider's id of it, else look through its list; send it when none there can be ours,
    and it may be sent. Raises CallFailed, or Unavailable.
    """
    seen = _asked(runtime, giving)
    is_missing = (
        isinstance(seen, ListedRefunds) and giving.wanted is not None and not candidates(giving.wanted, seen.rows)
    )
    if not giving.may_send or not is_missing:
        return seen
    if news := _disputed(runtime, giving):
        return Disputed(news)
    return _sent(runtime.providers.refunding[giving.provider], giving)


def _asked(runtime: Runtime, giving: Giving) -> ProviderResponse | ListedRefunds:
    """By its number there, else by the list of the payment's refunds."""
    provider = runtime.providers.refunding.get(giving.provider)
    if provider is None:
        said = f"{giving.provider} is not configured, so nothing can be given back through it."
        raise Unavailable(said) if giving.may_send else Unknown(said)
    if giving.provider_id is not None:
        number = giving.provider_id
        return _looked(giving, lambda: provider.look_refund(number, giving.reference))
    return ListedRefunds(tuple(_looked(giving, lambda: provider.refunds_of(giving.reference))))


def _disputed(runtime: Runtime, giving: Giving) -> tuple[ChargebackReport, ...]:
    """What a bank wants of the payment, or has, that we don't know of: what it takes is not sent besides."""
    bank = runtime.providers.disputing.get(giving.provider)
    if bank is None:
        return ()
    found = _looked(giving, lambda: bank.chargebacks_of(giving.reference))
    with runtime.db.reading() as session:
        return tuple(each for each in found if lifecycle.is_news(session, giving.provider, each))


def _sent(provider: Refunding, giving: Giving) -> ProviderResponse:
    note = "Refund by the desk"
    return provider.refund(giving.reference, giving.amount, giving.currency, note, key=giving.key)


def _looked(giving: Giving, look_there: Callable[[], Got]) -> Got:
    """Look. One that fails says nothing of what was sent before; and before it was looked, nothing is sent."""
    try:
        return look_there()
    except CallFailed as failure:
        kind = NotSent if giving.may_send else Unknown
        raise kind(failure.sentence, retry_after=failure.retry_after) from None


def _settle(
    work: Work,
    session: Session,
    answered: Sequence[tuple[Giving, ProviderResponse | ListedRefunds | Disputed | NoResponse]],
) -> Outcome:
    disputed = {giving.payment_id: word.banks for giving, word in answered if isinstance(word, Disputed)}
    words = {giving.id: _UNSENT if isinstance(word, Disputed) else word for giving, word in answered}
    claims = {giving.id: giving.claim for giving, _ in answered}
    payment_settlement.lock_escrows(session, list(disputed))
    outcome = _settled(work, session, words, claims)
    for payment_id, banks in disputed.items():
        for each in banks:
            at = database_now(session)
            lifecycle.settle(session, payment_id, each, at=at, actor=work.actor, settings=work.settings)
    if disputed:
        asked: dict[int, ProviderResult] = dict.fromkeys(disputed, _UNSENT)
        at = database_now(session)
        payment_settlement.settle_all(session, asked, at=at, actor=work.actor, settings=work.settings)
    return outcome


def _settled(
    work: Work,
    session: Session,
    words: dict[int, ProviderResponse | ListedRefunds | NoResponse],
    claims: dict[int, Claim],
) -> Outcome:
    return refund_settlement.settle_all(session, words, at=database_now(session), actor=work.actor, claims=claims)
