"""Settling payments by what their providers said: one action for many, the escrows locked, then looked at again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYMENT_COLLECTED_TWICE, PAYMENT_NEEDS_REVIEW
from webapp.domain.outbox.event_types import (
    Event,
    PaymentDecided,
    PaymentNeedsReview,
    PaymentRestored,
    PaymentSucceeded,
)
from webapp.domain.payments.payment_outcome import (
    PaymentAttempt,
    PaymentOutcome,
    evaluate,
    net_amount,
    next_check,
    taken_now,
)
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, OrderStatus, PaymentStatus
from webapp.domain.words import phrase
from webapp.models import Escrow, Order, Payment
from webapp.services.alerts import alerts
from webapp.services.common import status_changes
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.escrows import funding, taken_back, voids
from webapp.services.monitoring import unreal_answers, unreal_money
from webapp.services.payments import came_back_explanation, checkout_expiry, duplicates
from webapp.services.payments import failures as payment_failures
from webapp.services.payments.chargebacks import booking
from webapp.services.payments.failures import OPEN, Failure
from webapp.settings import Settings
from webapp.sql import lock, one_of, shared_alias

_Other = shared_alias(Payment, name="other")
_ENDED = {PaymentOutcome.FAIL: PaymentStatus.FAILED, PaymentOutcome.EXPIRE: PaymentStatus.EXPIRED}


@dataclass(frozen=True, slots=True)
class EvaluatedPayment:
    """A payment, what was said of it, and what that means."""

    row: Any
    result: ProviderResult
    outcome: PaymentOutcome
    sentence: str
    taken_back: int = 0
    """How much of it is gone by this answer, where that is what the outcome is about."""


def settle_all(
    session: Session, results: Mapping[int, ProviderResult], *, at: datetime, actor: Actor, settings: Settings
) -> Outcome:
    """Do to each payment what its provider's answer means. Those that wait on are refused by name, not raised.

    Settling the same answer twice changes nothing the second time.
    """
    # Lock, then look: whatever else moves or freezes these escrows' money takes the same rows first.
    lock_escrows(session, list(results))
    rows = session.execute(_rows(session, list(results))).all()
    results = duplicates.record_duplicates(session, rows, results, at=at, actor=actor)
    around = taken_back.around(session, [row.id for row in rows if row.status != PaymentStatus.PENDING])
    evaluated = [_evaluate(row, _without_payer_fee(results[row.id], row.amount), around, at, settings) for row in rows]
    evaluated = _once_per_order(evaluated)
    groups: dict[PaymentOutcome, list[EvaluatedPayment]] = {outcome: [] for outcome in PaymentOutcome}
    for each in evaluated:
        groups[each.outcome].append(each)
    batch = Outcome("payment", done=len(evaluated) - len(groups[PaymentOutcome.WAIT]))
    batch.amounts = _succeed(session, groups[PaymentOutcome.SUCCEED], at, actor)
    for outcome in _ENDED:
        _give_up(session, groups[outcome], outcome, at, actor)
    _review(session, groups[PaymentOutcome.REVIEW], at, actor)
    _returned(session, groups[PaymentOutcome.RETURNED], at, actor)
    _taken(session, groups[PaymentOutcome.TAKEN], at, actor, settings)
    _whole(session, groups[PaymentOutcome.WHOLE], at, actor)
    _wait(session, groups[PaymentOutcome.WAIT], at)
    _note_check(session, [each.row.id for each in evaluated if each.outcome != PaymentOutcome.NO_CHANGE], at)
    batch.refused = [
        RefusedItem(each.row.id, each.row.reference or "", each.sentence) for each in groups[PaymentOutcome.WAIT]
    ]
    return batch


def lock_escrows(session: Session, payment_ids: Sequence[int]) -> None:
    """Take the rows of these payments' escrows, in the order of their ids."""
    mine = select(Escrow.id).join(Payment, Payment.order_id == Escrow.order_id)
    lock(session, Escrow, list(session.scalars(mine.where(one_of(session, Payment.id, payment_ids)))))


def _rows(session: Session, ids: Sequence[int]) -> Any:
    return (
        select(
            Payment.id,
            Payment.status,
            Payment.amount,
            Payment.currency,
            Payment.provider,
            Payment.reference,
            Payment.created_at,
            Payment.first_checked_at,
            Payment.checks,
            Payment.order_id,
            Payment.duplicate_of_id,
            Payment.provider_id,
            Payment.provider_amount,
            Payment.provider_currency,
            Payment.payer_fee,
            Payment.taken_back_amount,
            Payment.taken_back_decided,
            Order.status.label("order_status"),
            Escrow.id.label("escrow_id"),
            Escrow.status.label("escrow_status"),
        )
        .join(Order, Order.id == Payment.order_id)
        .join(Escrow, Escrow.order_id == Order.id)
        .where(one_of(session, Payment.id, ids))
        .order_by(Payment.id)
    )


def _evaluate(
    row: Any, result: ProviderResult, around: Mapping[int, taken_back.Around], at: datetime, settings: Settings
) -> EvaluatedPayment:
    patience = timedelta(hours=settings.payment_verification_timeout_hours)
    if (
        isinstance(result, ProviderResponse)
        and result.status == ProviderStatus.SUCCEEDED
        and unreal_money.is_unreal(result, settings)
    ):
        outcome = PaymentOutcome.REVIEW if row.status == PaymentStatus.PENDING else PaymentOutcome.NO_CHANGE
        return EvaluatedPayment(row, result, outcome, unreal_answers.TEST_MONEY)
    attempt = _attempt(row, around.get(row.id, taken_back.NOTHING), settings)
    outcome, sentence = evaluate(attempt, result, at, patience)
    if outcome == PaymentOutcome.SUCCEED and row.escrow_status != EscrowStatus.PENDING_PAYMENT:
        return EvaluatedPayment(
            row,
            result,
            PaymentOutcome.REVIEW,
            phrase("The payment succeeded, but its escrow is %(status)s.", status=in_words(row.escrow_status)),
        )
    taken = taken_now(attempt, result) if outcome in (PaymentOutcome.TAKEN, PaymentOutcome.WHOLE) else 0
    return EvaluatedPayment(row, result, outcome, sentence, taken)


def _without_payer_fee(result: ProviderResult, owed: int) -> ProviderResult:
    return result.without_payer_fee(owed) if isinstance(result, ProviderResponse) else result


def _attempt(row: Any, around: taken_back.Around, settings: Settings) -> PaymentAttempt:
    return PaymentAttempt(
        row.status,
        row.amount,
        row.currency,
        row.order_status,
        row.first_checked_at,
        bool(row.reference),
        provider_amount=row.provider_amount,
        provider_currency=row.provider_currency,
        payer_fee=row.payer_fee,
        ours=around.refunds,
        was_refunded=around.was_refunded,
        lost=around.lost,
        covered=around.covered,
        taken_back=row.taken_back_amount,
        decided=row.taken_back_decided,
        is_by_hand=duplicates.is_by_hand(row),
        payable_until=checkout_expiry.payable_until(row.provider, row.created_at, settings),
    )


def _once_per_order(evaluated: Sequence[EvaluatedPayment]) -> list[EvaluatedPayment]:
    """Of several payments of one order that succeeded at once, the first pays it; the others need a person."""
    paid: set[int] = set()
    found = []
    for each in evaluated:
        again = each.outcome == PaymentOutcome.SUCCEED and each.row.order_id in paid
        sentence = phrase("The payment succeeded, but its order is paid already.")
        found.append(EvaluatedPayment(each.row, each.result, PaymentOutcome.REVIEW, sentence) if again else each)
        if each.outcome == PaymentOutcome.SUCCEED:
            paid.add(each.row.order_id)
    return found


def _succeed(session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime, actor: Actor) -> dict[str, int]:
    """Hold the escrows, start the orders, and say so; returns minor units per currency."""
    amounts: dict[str, int] = {}
    for provider in sorted({each.row.provider for each in evaluated}):
        mine = [each for each in evaluated if each.row.provider == provider]
        escrows = [each.row.escrow_id for each in mine]
        for currency, amount in funding.hold_all(session, escrows, owner=provider, at=at, actor=actor).items():
            amounts[currency] = amounts.get(currency, 0) + amount
    if evaluated:
        _mark(session, evaluated, PaymentStatus.SUCCEEDED, at)
        started = update(Order).where(one_of(session, Order.id, [each.row.order_id for each in evaluated]))
        values = {"status": OrderStatus.IN_PROGRESS, "paid_at": at}
        session.execute(started.values(**values).execution_options(synchronize_session=False))
        _record(session, evaluated, "payment.succeed", PaymentSucceeded(), at, actor)
    return amounts


def _returned(session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime, actor: Actor) -> None:
    """What was in review went back to its payer without us: nothing is left to decide, and nothing was posted."""
    if not evaluated:
        return
    besides = {each.row.id: _failure(each) for each in evaluated if each.row.duplicate_of_id is not None}
    failures = {each.row.id: _failure(each) for each in evaluated if each.row.id not in besides}
    event = PaymentDecided(decision="returned", reason=phrase("It was given back at the provider."))
    payment_failures.fail_all(session, failures, at=at, actor=actor, action="payment.returned")
    payment_failures.fail_all(session, besides, at=at, actor=actor, action="payment.returned", event=event)
    subjects = [f"payment {each.row.id}" for each in evaluated]
    alerts.resolve_all(session, [PAYMENT_NEEDS_REVIEW, PAYMENT_COLLECTED_TWICE], subjects, at)


def _taken(
    session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime, actor: Actor, settings: Settings
) -> None:
    """The provider has less of these than we count on, or more than was decided about: a person decides. What a bank
    took is booked without one, where it is known who bears it.
    """
    left = []
    for each in evaluated:
        taken_back.mark(session, each.row.id, each.taken_back, each.sentence)
        liability = settings.chargeback_liability
        if booking.book(session, each.row.id, liability=liability, at=at, actor=actor):
            taken_back.call(
                session,
                each.row,
                each.sentence,
                came_back_explanation.of_payment(session, each.row.id),
                at=at,
                actor=actor,
            )
            left.append(each)
    again = [each for each in left if each.taken_back < each.row.taken_back_decided]
    gone = [each for each in left if each not in again]
    for action, some in (("payment.taken_back", gone), ("payment.came_back", again)):
        if some:
            _record(session, some, action, PaymentNeedsReview(), at, actor)


def _whole(session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime, actor: Actor) -> None:
    """The provider has all of these again."""
    for each in evaluated:
        taken_back.made_whole(session, each.row, each.taken_back, at=at, actor=actor)
    if evaluated:
        _record(session, evaluated, "payment.restored", PaymentRestored(), at, actor)


def _give_up(
    session: Session, evaluated: Sequence[EvaluatedPayment], outcome: PaymentOutcome, at: datetime, actor: Actor
) -> None:
    """The payments failed; orders that have no other payment under way are declined, their escrows voided."""
    if not evaluated:
        return
    status, action = _ENDED[outcome], f"payment.{outcome}"
    failures = {each.row.id: _failure(each) for each in evaluated}
    payment_failures.fail_all(session, failures, at=at, actor=actor, status=status, action=action)
    orders = [each.row.order_id for each in evaluated]
    open_elsewhere = exists().where(_Other.order_id == Order.id, _Other.status.in_(OPEN))
    alone = (
        select(Escrow.id)
        .join(Order, Order.id == Escrow.order_id)
        .where(one_of(session, Order.id, orders), Order.status == OrderStatus.AWAITING_PAYMENT, ~open_elsewhere)
    )
    unpaid = list(session.scalars(alone))
    voids.void_all(
        session, unpaid, at=at, actor=actor, reason=voids.UNPAID, note=phrase("The payment did not succeed.")
    )


def _failure(evaluated: EvaluatedPayment) -> Failure:
    number = evaluated.result.provider_id if isinstance(evaluated.result, ProviderResponse) else None
    return Failure(evaluated.sentence, number, is_answer=True)


def _review(session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime, actor: Actor) -> None:
    """Nothing moves: a person decides."""
    if not evaluated:
        return
    _mark(session, evaluated, PaymentStatus.NEEDS_REVIEW, None)
    _record(session, evaluated, "payment.review", PaymentNeedsReview(), at, actor)
    for each in evaluated:
        sentence = phrase(
            "Payment %(reference)s needs a person: %(sentence)s", reference=each.row.reference, sentence=each.sentence
        )
        alerts.fire(session, PAYMENT_NEEDS_REVIEW, f"payment {each.row.id}", sentence, at)


def _mark(
    session: Session, evaluated: Sequence[EvaluatedPayment], status: PaymentStatus, settled_at: datetime | None
) -> None:
    values: list[dict[str, Any]] = [
        {"key": each.row.id, "new_detail": each.sentence or None, **_shown(each.result, status)} for each in evaluated
    ]
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("key"))
        .values(
            status=str(status),
            status_detail=bindparam("new_detail"),
            provider_id=bindparam("number"),
            provider_amount=bindparam("amount_seen"),
            provider_currency=bindparam("currency_seen"),
            payer_fee=bindparam("fee_on_top"),
            paid_at=bindparam("paid", type_=_TABLE.c.paid_at.type),
            settled_at=settled_at,
            next_check_at=None,
            checks=_TABLE.c.checks + 1,
            version=_TABLE.c.version + 1,
        )
    )
    session.connection().execute(changed, values)


def _shown(result: ProviderResult, status: PaymentStatus) -> dict[str, Any]:
    seen = result if isinstance(result, ProviderResponse) else None
    doubtful = seen if status == PaymentStatus.NEEDS_REVIEW else None
    return {
        "number": seen.provider_id if seen else None,
        "amount_seen": net_amount(doubtful) if doubtful else None,
        "currency_seen": doubtful.currency if doubtful else None,
        "fee_on_top": seen.payer_fee if seen else 0,
        "paid": seen.paid_at if seen else None,
    }


def _wait(session: Session, evaluated: Sequence[EvaluatedPayment], at: datetime) -> None:
    if not evaluated:
        return
    values = [
        {"key": each.row.id, "new_detail": each.sentence, "again": next_check(each.row.checks, at, _after(each.result))}
        for each in evaluated
    ]
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("key"), _TABLE.c.status == str(PaymentStatus.PENDING))
        .values(
            status_detail=bindparam("new_detail"),
            next_check_at=bindparam("again", type_=_TABLE.c.next_check_at.type),
            checks=_TABLE.c.checks + 1,
        )
    )
    session.connection().execute(changed, values)


def _note_check(session: Session, payment_ids: Sequence[int], at: datetime) -> None:
    """Whoever made us ask: an hourly look, a person, or a webhook."""
    checked = update(Payment).where(one_of(session, Payment.id, payment_ids)).values(last_checked_at=at)
    if payment_ids:
        session.execute(checked.execution_options(synchronize_session=False))


def _after(result: ProviderResult) -> float | None:
    return result.retry_after if isinstance(result, NoResponse) else None


def _record(
    session: Session, evaluated: Sequence[EvaluatedPayment], action: str, event: Event, at: datetime, actor: Actor
) -> None:
    if evaluated:
        before = {each.row.id: str(each.row.status) for each in evaluated}
        status_changes.record_all(session, Payment, before, action, event, at=at, actor=actor)


_TABLE: Any = Payment.__table__
