"""What a provider's word means for a payment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.payments.payment_outcome import NO_RESPONSE, PaymentAttempt, PaymentOutcome, evaluate, next_check
from webapp.domain.providers.provider_results import (
    NoResponse,
    ProviderResponse,
    ProviderResult,
    ProviderStatus,
    ReturnedAmount,
)
from webapp.domain.states import OrderStatus, PaymentStatus

AT, PATIENCE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC), timedelta(hours=24)
FRESH, STALE = AT - PATIENCE + timedelta(seconds=1), AT - PATIENCE


def attempt(status: str = PaymentStatus.PENDING, asked: datetime | None = FRESH, **more: Any) -> PaymentAttempt:
    settled: dict[str, Any] = {"order_status": OrderStatus.AWAITING_PAYMENT} | more
    return PaymentAttempt(status, 10_000, "NGN", first_checked_at=asked, **settled)


def seen(
    status: ProviderStatus, amount: int | None = 10_000, currency: str | None = "NGN", message: str = ""
) -> ProviderResponse:
    return ProviderResponse("pay-1", status, amount, currency, message=message)


SILENCE = NoResponse("It did not answer.")
REVIEWED_ZERO = attempt(PaymentStatus.NEEDS_REVIEW, provider_amount=0, provider_currency="NGN")
"""A success over nothing, which a person has to look at, however often it is said."""


@pytest.mark.parametrize(
    ("payment", "word", "outcome"),
    [
        (attempt(), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.SUCCEED),
        (attempt(asked=STALE), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.SUCCEED),
        (attempt(asked=None), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.SUCCEED),
        (attempt(), seen(ProviderStatus.SUCCEEDED, 9_999), PaymentOutcome.REVIEW),
        (attempt(), seen(ProviderStatus.SUCCEEDED, 10_001), PaymentOutcome.REVIEW),
        (attempt(), seen(ProviderStatus.SUCCEEDED, None), PaymentOutcome.REVIEW),
        (attempt(), seen(ProviderStatus.SUCCEEDED, currency="GHS"), PaymentOutcome.REVIEW),
        (attempt(), seen(ProviderStatus.SUCCEEDED, currency=None), PaymentOutcome.REVIEW),
        (attempt(order_status=OrderStatus.IN_PROGRESS), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.REVIEW),
        (attempt(order_status=OrderStatus.CANCELLED), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.REVIEW),
        (attempt(order_status=OrderStatus.DECLINED), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.REVIEW),
        (attempt(PaymentStatus.FAILED), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.REVIEW),
        (attempt(PaymentStatus.EXPIRED), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.REVIEW),
        (attempt(PaymentStatus.SUCCEEDED), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.NO_CHANGE),
        (attempt(), seen(ProviderStatus.FAILED), PaymentOutcome.FAIL),
        (attempt(payable_until=AT + PATIENCE), seen(ProviderStatus.FAILED), PaymentOutcome.WAIT),
        (attempt(payable_until=AT + PATIENCE, asked=STALE), seen(ProviderStatus.PENDING), PaymentOutcome.WAIT),
        (attempt(payable_until=AT + PATIENCE, asked=STALE), SILENCE, PaymentOutcome.WAIT),
        (attempt(payable_until=AT + PATIENCE), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.SUCCEED),
        (attempt(payable_until=AT), seen(ProviderStatus.FAILED), PaymentOutcome.FAIL),
        (attempt(payable_until=AT, asked=STALE), SILENCE, PaymentOutcome.EXPIRE),
        (attempt(), seen(ProviderStatus.REVERSED), PaymentOutcome.FAIL),
        (attempt(), seen(ProviderStatus.PENDING), PaymentOutcome.WAIT),
        (attempt(), seen(ProviderStatus.ABSENT), PaymentOutcome.WAIT),
        (attempt(), SILENCE, PaymentOutcome.WAIT),
        (attempt(asked=STALE), seen(ProviderStatus.ABSENT), PaymentOutcome.EXPIRE),
        (attempt(asked=STALE), SILENCE, PaymentOutcome.EXPIRE),
        (attempt(asked=None), SILENCE, PaymentOutcome.WAIT),
        (attempt(has_reference=False), SILENCE, PaymentOutcome.EXPIRE),
        (attempt(), seen(ProviderStatus.SUCCEEDED, 0), PaymentOutcome.REVIEW),
        (REVIEWED_ZERO, seen(ProviderStatus.SUCCEEDED, 0), PaymentOutcome.NO_CHANGE),
        (REVIEWED_ZERO, seen(ProviderStatus.SUCCEEDED, None), PaymentOutcome.NO_CHANGE),
        (attempt(), replace(seen(ProviderStatus.SUCCEEDED), given_back=(ReturnedAmount(10_000),)), PaymentOutcome.FAIL),
        (attempt(PaymentStatus.SUCCEEDED), seen(ProviderStatus.REVERSED), PaymentOutcome.TAKEN),
        (attempt(PaymentStatus.SUCCEEDED, is_by_hand=True), seen(ProviderStatus.SUCCEEDED), PaymentOutcome.NO_CHANGE),
        (attempt(PaymentStatus.SUCCEEDED, is_by_hand=True), seen(ProviderStatus.PENDING), PaymentOutcome.NO_CHANGE),
        (attempt(PaymentStatus.SUCCEEDED, is_by_hand=True), seen(ProviderStatus.REVERSED), PaymentOutcome.NO_CHANGE),
        (attempt(PaymentStatus.FAILED), seen(ProviderStatus.REVERSED), PaymentOutcome.NO_CHANGE),
        (attempt(PaymentStatus.EXPIRED), SILENCE, PaymentOutcome.NO_CHANGE),
    ],
)
def test_what_a_word_means(payment: PaymentAttempt, word: ProviderResult, outcome: PaymentOutcome) -> None:
    found, message = evaluate(payment, word, AT, PATIENCE)
    assert found == outcome
    assert bool(message) == (outcome not in (PaymentOutcome.SUCCEED, PaymentOutcome.NO_CHANGE))


def test_a_review_says_both_amounts() -> None:
    assert evaluate(attempt(), seen(ProviderStatus.SUCCEEDED, 9_999), AT, PATIENCE)[1] == (
        "The provider collected NGN 99.99, not NGN 100.00."
    )
    assert evaluate(attempt(), seen(ProviderStatus.SUCCEEDED, currency="JPY"), AT, PATIENCE)[1] == (
        "The provider collected JPY 10,000, not NGN 100.00."
    )


def test_what_the_provider_said_is_kept() -> None:
    assert evaluate(attempt(), seen(ProviderStatus.FAILED, message="Declined."), AT, PATIENCE)[1] == "Declined."
    assert evaluate(attempt(), SILENCE, AT, PATIENCE)[1] == "It did not answer."
    assert NO_RESPONSE.endswith(".")


ANY_WORD = st.builds(
    ProviderResponse,
    reference=st.just("pay-1"),
    status=st.sampled_from(ProviderStatus),
    amount=st.sampled_from([None, 0, 9_999, 10_000, 10_001]),
    currency=st.sampled_from([None, "NGN", "GHS"]),
) | st.just(SILENCE)


@PROPERTY
@given(
    status=st.sampled_from(PaymentStatus),
    order=st.sampled_from(OrderStatus),
    asked=st.sampled_from([None, FRESH, STALE]),
    word=ANY_WORD,
)
def test_only_the_whole_amount_of_a_waiting_payment_is_held(
    status: PaymentStatus, order: OrderStatus, asked: datetime | None, word: ProviderResult
) -> None:
    outcome, _ = evaluate(attempt(status, asked, order_status=order), word, AT, PATIENCE)
    whole = isinstance(word, ProviderResponse) and (word.status, word.amount, word.currency) == (
        ProviderStatus.SUCCEEDED,
        10_000,
        "NGN",
    )
    waits = status == PaymentStatus.PENDING and order == OrderStatus.AWAITING_PAYMENT
    assert (outcome == PaymentOutcome.SUCCEED) == (whole and waits)


def test_a_payment_that_is_over_never_fails_or_waits_again() -> None:
    over = (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.NEEDS_REVIEW)
    for status, told in product(over, ProviderStatus):
        outcome, _ = evaluate(attempt(status), seen(told), AT, PATIENCE)
        assert outcome in (PaymentOutcome.NO_CHANGE, PaymentOutcome.REVIEW, PaymentOutcome.TAKEN)


@pytest.mark.parametrize(
    ("checks", "minutes"), [(0, 30), (1, 60), (2, 120), (3, 240), (4, 360), (5, 360), (10_000, 360)]
)
def test_it_is_asked_half_as_often_each_time_up_to_six_hours(checks: int, minutes: int) -> None:
    assert next_check(checks, AT, None) == AT + timedelta(minutes=minutes)


def test_a_provider_that_says_when_is_waited_for() -> None:
    assert next_check(0, AT, 7_200) == AT + timedelta(hours=2)
    assert next_check(0, AT, 60) == AT + timedelta(minutes=30)
    assert next_check(4, AT, 86_400) == AT + timedelta(days=1)


@pytest.mark.parametrize(
    ("collected", "requested", "outcome"),
    [
        (10_126, 10_000, PaymentOutcome.SUCCEED),
        (10_000, 10_000, PaymentOutcome.SUCCEED),
        (9_999, 10_000, PaymentOutcome.REVIEW),
        (10_126, 9_000, PaymentOutcome.REVIEW),
        (10_000, 100, PaymentOutcome.REVIEW),
        (10_000, 1_000_000, PaymentOutcome.REVIEW),
    ],
)
def test_the_fee_may_be_the_payers_and_what_was_asked_has_to_be_what_was_sent(
    collected: int, requested: int, outcome: PaymentOutcome
) -> None:
    """What it was asked for, by its own account, is compared too: a wrong table of sub-units shows at once."""
    word = replace(seen(ProviderStatus.SUCCEEDED, collected), requested=requested)
    assert evaluate(attempt(), word.without_payer_fee(10_000), AT, PATIENCE)[0] == outcome
