"""Asking providers about payments, for every job and person that wants to know."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.providers.provider_results import ChargebackReport, NoResponse, ProviderResponse, ProviderResult
from webapp.domain.words import phrase
from webapp.jobs.engine.provider_batches import ProviderBatch, answer_of
from webapp.jobs.engine.work import Work
from webapp.models import Payment
from webapp.providers.http.errors import CallFailed
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.payments import payments, settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.payments.payments import ClaimedPayment
from webapp.sql import database_now

LEASE = timedelta(minutes=3)
"""How long a payment that is being asked about is nobody else's."""


def batch(work: Work, only: Sequence[int] | None = None) -> ProviderBatch[ClaimedPayment, ProviderResponse]:
    """Every pending payment whose time has come, or of `only` those."""
    chosen = None if only is None else list(only)
    known = list(work.runtime.providers.payment_collectors)
    # What is put off meanwhile is the next run's: a run that outlasts the first pause would chase its own tail.
    due_by = work.now
    return ProviderBatch(
        kind="payment",
        lease=LEASE,
        take=lambda session, limit: payments.claim_due(
            session, database_now(session), limit, LEASE, known, chosen, due_by=due_by
        ),
        ask=partial(fetch, work.runtime),
        settle=partial(_settle, work),
        count=lambda session: payments.count_due(session, due_by, known, chosen),
    )


def fetch(runtime: Runtime, claimed: ClaimedPayment) -> ProviderResponse:
    """Ask its provider. Raises CallFailed, or Unavailable when the provider is not configured."""
    if claimed.reference is None:
        raise CallFailed(phrase("It has no reference, so no provider can be asked."))
    collector = runtime.providers.collector(claimed.provider)
    return (
        collector.fetch_payment_with_refunds(claimed.reference)
        if claimed.is_settled
        else collector.fetch_payment(claimed.reference)
    )


def again(work: Work, payment_ids: Sequence[int]) -> ProviderBatch[ClaimedPayment, ProviderResponse]:
    """Each of these payments once, whatever its state: where our books and the provider's differ."""
    left = sorted(set(payment_ids))

    def take(session: Session, limit: int) -> list[ClaimedPayment]:
        now, left[:] = left[:limit], left[limit:]
        return payments.claim(session, now, work.now, LEASE)

    return ProviderBatch(
        kind="payment",
        lease=LEASE,
        take=take,
        ask=partial(fetch, work.runtime),
        settle=partial(_settle, work),
        count=lambda session: len(left),
    )


def verify_now(runtime: Runtime, payment_id: int, actor: Actor) -> Payment:
    """Ask about one payment and its chargebacks and settle them, for a person or a machine that waits for it."""
    with runtime.db.transaction() as session:
        payments.require_verifiable(session, payment_id, actor)
        [claimed] = payments.claim(session, [payment_id], database_now(session), LEASE)
        banks = chargebacks.unclaimed(session, payment_id)
    readable = [each for each in banks if each.provider in runtime.providers.chargeback_readers]
    charged: list[ChargebackReport] = []

    def ask() -> ProviderResponse:
        charged.extend([fetch_chargeback(runtime, each) for each in readable])
        return fetch(runtime, claimed)

    result = answer_of(ask)
    with runtime.db.transaction() as session:
        settings, at = runtime.settings, database_now(session)
        settlement.lock_escrows(session, [payment_id])
        for each in charged:
            chargebacks.settle(session, payment_id, each, at=at, actor=actor, settings=settings)
        settlement.settle_all(session, {payment_id: result}, at=at, actor=actor, settings=settings)
        return payments.get(session, payment_id)


def fetch_chargeback(runtime: Runtime, claimed: chargebacks.ClaimedChargeback) -> ChargebackReport:
    """Ask its provider about a chargeback. Raises CallFailed."""
    return runtime.providers.chargeback_readers[claimed.provider].fetch_chargeback(claimed.number)


def open_chargebacks(
    work: Work,
) -> ProviderBatch[chargebacks.ClaimedChargeback, tuple[ChargebackReport, ProviderResponse]]:
    """Chargebacks of which no webhook told the end."""
    known = list(work.runtime.providers.chargeback_readers)
    return ProviderBatch(
        kind="chargeback",
        lease=LEASE,
        take=lambda session, limit: chargebacks.claim_due(session, work.now, limit, LEASE, known),
        ask=lambda claimed: (
            fetch_chargeback(work.runtime, claimed),
            work.runtime.providers.collector(claimed.provider).fetch_payment_with_refunds(claimed.reference),
        ),
        settle=partial(_settle_chargebacks, work),
        count=lambda session: chargebacks.count_due(session, work.now, known),
    )


def _settle(work: Work, session: Session, answered: Sequence[tuple[ClaimedPayment, ProviderResult]]) -> Outcome:
    results = {claimed.id: result for claimed, result in answered}
    return settlement.settle_all(session, results, at=database_now(session), actor=work.actor, settings=work.settings)


def _settle_chargebacks(
    work: Work,
    session: Session,
    answered: Sequence[tuple[chargebacks.ClaimedChargeback, tuple[ChargebackReport, ProviderResponse] | NoResponse]],
) -> Outcome:
    at, outcome = database_now(session), Outcome("chargeback")
    settlement.lock_escrows(session, [claimed.payment_id for claimed, _ in answered])
    results: dict[int, ProviderResult] = {}
    for claimed, answer in answered:
        if isinstance(answer, NoResponse):
            chargebacks.put_off(session, [claimed.id], at)
            outcome.refused.append(RefusedItem(claimed.id, f"chargeback {claimed.number}", answer.message))
            continue
        charged, results[claimed.payment_id] = answer
        chargebacks.settle(session, claimed.payment_id, charged, at=at, actor=work.actor, settings=work.settings)
        outcome.done += 1
    settlement.settle_all(session, results, at=at, actor=work.actor, settings=work.settings)
    return outcome
