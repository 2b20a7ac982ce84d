"""What an answer means for a payment, word for word: in doubt, after it was taken back, and at the end of its time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.domain.payments.payment_outcome import NO_RESPONSE, PaymentAttempt, PaymentOutcome, evaluate, taken_now
from webapp.domain.providers.provider_results import (
    NoResponse,
    ProviderResponse,
    ProviderResult,
    ProviderStatus,
    ReturnedAmount,
)
from webapp.domain.states import OrderStatus, PaymentStatus

AT, PATIENCE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC), timedelta(hours=24)
SAID = NoResponse("It did not answer.")
GIVEN_BACK = "It was given back to the payer at the provider, so there is nothing to decide."


def attempt(status: str = PaymentStatus.PENDING, **more: Any) -> PaymentAttempt:
    usual: dict[str, Any] = {"order_status": OrderStatus.AWAITING_PAYMENT, "first_checked_at": AT} | more
    return PaymentAttempt(status, 10_000, "NGN", **usual)


def seen(status: ProviderStatus = ProviderStatus.SUCCEEDED, *back: int, **more: Any) -> ProviderResponse:
    rows = tuple(ReturnedAmount(each) for each in back) if back else None
    given: dict[str, Any] = {"amount": 10_000, "currency": "NGN", "given_back": rows} | more
    return ProviderResponse("pay-1", status, **given)


DOUBTED = attempt(PaymentStatus.NEEDS_REVIEW, provider_amount=9_000, provider_currency="NGN")


@pytest.mark.parametrize(
    ("payment", "word", "outcome", "sentence"),
    [
        (DOUBTED, SAID, PaymentOutcome.NO_CHANGE, ""),
        (replace(DOUBTED, provider_amount=None), seen(amount=1), PaymentOutcome.NO_CHANGE, ""),
        (DOUBTED, seen(amount=9_000), PaymentOutcome.NO_CHANGE, ""),
        (DOUBTED, seen(amount=9_000, given_back=()), PaymentOutcome.NO_CHANGE, ""),
        (DOUBTED, seen(ProviderStatus.PENDING, amount=None, given_back=()), PaymentOutcome.NO_CHANGE, ""),
        (
            DOUBTED,
            seen(amount=4_000),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: NGN 40.00 is left of it.",
        ),
        (
            DOUBTED,
            seen(ProviderStatus.SUCCEEDED, 500, amount=8_000),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: NGN 75.00 is left of it.",
        ),
        (DOUBTED, seen(ProviderStatus.PENDING, 9_000, amount=9_000), PaymentOutcome.RETURNED, GIVEN_BACK),
        (DOUBTED, seen(ProviderStatus.SUCCEEDED, 9_000, amount=9_000), PaymentOutcome.RETURNED, GIVEN_BACK),
        (DOUBTED, seen(ProviderStatus.SUCCEEDED, 9_001, amount=9_000), PaymentOutcome.RETURNED, GIVEN_BACK),
        (
            DOUBTED,
            seen(ProviderStatus.SUCCEEDED, 8_999, amount=9_000),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: NGN 0.01 is left of it.",
        ),
        (
            replace(DOUBTED, ours=(4_000,)),
            seen(ProviderStatus.SUCCEEDED, 4_000, 1_000, amount=9_000),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: NGN 80.00 is left of it.",
        ),
        (
            replace(DOUBTED, lost={"7": 2_000}, covered=500),
            seen(ProviderStatus.SUCCEEDED, 1, amount=9_000, currency=None),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: NGN 74.99 is left of it.",
        ),
        (DOUBTED, seen(ProviderStatus.REVERSED, amount=None), PaymentOutcome.RETURNED, GIVEN_BACK),
        (DOUBTED, seen(ProviderStatus.SUCCEEDED, 0, amount=None), PaymentOutcome.RETURNED, GIVEN_BACK),
        (
            replace(DOUBTED, provider_currency="GHS"),
            seen(ProviderStatus.SUCCEEDED, 1_000, amount=9_000, currency="GHS"),
            PaymentOutcome.REVIEW,
            "A part was given back at the provider: GHS 80.00 is left of it.",
        ),
    ],
)
def test_what_is_in_review_may_be_given_back_meanwhile(
    payment: PaymentAttempt, word: ProviderResult, outcome: PaymentOutcome, sentence: str
) -> None:
    assert evaluate(payment, word, AT, PATIENCE) == (outcome, sentence)


SETTLED = attempt(PaymentStatus.SUCCEEDED)
DECIDED = replace(SETTLED, taken_back=4_000, decided=4_000)
GONE = "NGN {} of this payment was taken back from us, and not by a refund of ours."


@pytest.mark.parametrize(
    ("payment", "word", "outcome", "sentence"),
    [
        (SETTLED, seen(), PaymentOutcome.NO_CHANGE, ""),
        (SETTLED, SAID, PaymentOutcome.NO_CHANGE, ""),
        (SETTLED, seen(ProviderStatus.SUCCEEDED, 1), PaymentOutcome.TAKEN, GONE.format("0.01")),
        (replace(SETTLED, ours=(1,)), seen(ProviderStatus.SUCCEEDED, 1), PaymentOutcome.NO_CHANGE, ""),
        (SETTLED, seen(amount=9_000), PaymentOutcome.TAKEN, GONE.format("10.00")),
        (SETTLED, seen(ProviderStatus.SUCCEEDED, 500, amount=9_000), PaymentOutcome.TAKEN, GONE.format("15.00")),
        (SETTLED, seen(amount=None), PaymentOutcome.TAKEN, GONE.format("100.00")),
        (SETTLED, seen(ProviderStatus.FAILED), PaymentOutcome.TAKEN, GONE.format("100.00")),
        (replace(SETTLED, ours=(4_000,)), seen(ProviderStatus.FAILED), PaymentOutcome.TAKEN, GONE.format("60.00")),
        (replace(SETTLED, ours=(400,)), seen(amount=9_000), PaymentOutcome.TAKEN, GONE.format("6.00")),
        (replace(SETTLED, provider_amount=1), seen(amount=None), PaymentOutcome.TAKEN, GONE.format("0.01")),
        (SETTLED, seen(currency="GHS"), PaymentOutcome.TAKEN, GONE.format("100.00")),
        (SETTLED, seen(currency=None), PaymentOutcome.NO_CHANGE, ""),
        (SETTLED, seen(ProviderStatus.REVERSED), PaymentOutcome.TAKEN, GONE.format("100.00")),
        (SETTLED, seen(ProviderStatus.REVERSED, 7), PaymentOutcome.TAKEN, GONE.format("0.07")),
        (SETTLED, seen(ProviderStatus.PENDING, amount=1), PaymentOutcome.NO_CHANGE, ""),
        (replace(SETTLED, payer_fee=150), seen(ProviderStatus.FAILED), PaymentOutcome.TAKEN, GONE.format("101.50")),
        (replace(SETTLED, provider_amount=9_000), seen(amount=9_000), PaymentOutcome.NO_CHANGE, ""),
        (replace(SETTLED, lost={"7": 4_000}), SAID, PaymentOutcome.TAKEN, GONE.format("40.00")),
        (replace(SETTLED, lost={"7": 4_000}, covered=4_000), SAID, PaymentOutcome.NO_CHANGE, ""),
        (DECIDED, SAID, PaymentOutcome.NO_CHANGE, ""),
        (replace(SETTLED, taken_back=4_000), seen(), PaymentOutcome.NO_CHANGE, ""),
        (replace(SETTLED, taken_back=4_000), seen(given_back=()), PaymentOutcome.WHOLE, ""),
        (
            DECIDED,
            seen(ProviderStatus.SUCCEEDED, 3_999),
            PaymentOutcome.TAKEN,
            "The provider has NGN 0.01 again that was taken back: decide whose it is.",
        ),
        (DECIDED, seen(ProviderStatus.SUCCEEDED, 4_001), PaymentOutcome.TAKEN, GONE.format("0.01")),
        (replace(DECIDED, decided=1_000), seen(ProviderStatus.SUCCEEDED, 1_000), PaymentOutcome.WHOLE, ""),
        (
            replace(DECIDED, status=PaymentStatus.NEEDS_REVIEW, decided=1_000),
            seen(ProviderStatus.SUCCEEDED, 5_000),
            PaymentOutcome.TAKEN,
            GONE.format("40.00"),
        ),
    ],
)
def test_what_of_a_payment_was_taken_back(
    payment: PaymentAttempt, word: ProviderResult, outcome: PaymentOutcome, sentence: str
) -> None:
    assert evaluate(payment, word, AT, PATIENCE) == (outcome, sentence)


def test_silence_makes_nothing_less_gone() -> None:
    assert taken_now(DECIDED, SAID) == 4_000
    assert taken_now(replace(DECIDED, lost={"7": 5_000}), SAID) == 5_000
    assert taken_now(replace(DECIDED, lost={"7": 3_000}), SAID) == 4_000
    assert taken_now(replace(DECIDED, lost={"7": 3_000}), seen(given_back=())) == 3_000


PAYABLE = attempt(payable_until=AT + timedelta(minutes=1))
OVER = attempt(first_checked_at=AT - PATIENCE)
TRY_AGAIN = "An attempt to pay failed ({}). Its payer may try again until 02 March 2026 at 09:31 UTC."


@pytest.mark.parametrize(
    ("payment", "word", "outcome", "sentence"),
    [
        (
            attempt(PaymentStatus.EXPIRED),
            seen(),
            PaymentOutcome.REVIEW,
            "The payment succeeded after it was expired here.",
        ),
        (
            attempt(order_status=OrderStatus.IN_PROGRESS),
            seen(),
            PaymentOutcome.REVIEW,
            "The payment succeeded, but its order is in progress.",
        ),
        (
            attempt(),
            seen(requested=9_000),
            PaymentOutcome.REVIEW,
            "The provider says that NGN 90.00 was asked, not NGN 100.00.",
        ),
        (
            attempt(),
            seen(requested=0),
            PaymentOutcome.REVIEW,
            "The provider says that NGN 0.00 was asked, not NGN 100.00.",
        ),
        (
            attempt(),
            seen(ProviderStatus.SUCCEEDED, 10_000),
            PaymentOutcome.FAIL,
            "It was paid, and given back to the payer at the provider.",
        ),
        (attempt(PaymentStatus.FAILED), seen(ProviderStatus.SUCCEEDED, 10_000), PaymentOutcome.NO_CHANGE, ""),
        (
            attempt(),
            seen(ProviderStatus.SUCCEEDED, 9_999),
            PaymentOutcome.REVIEW,
            "The provider collected NGN 0.01, not NGN 100.00.",
        ),
        (
            attempt(),
            seen(amount=None, currency=None),
            PaymentOutcome.REVIEW,
            "The provider collected NGN 0.00, not NGN 100.00.",
        ),
        (attempt(was_refunded=True), seen(), PaymentOutcome.NO_CHANGE, ""),
        (attempt(is_by_hand=True), seen(), PaymentOutcome.NO_CHANGE, ""),
        (attempt(), seen(ProviderStatus.FAILED), PaymentOutcome.FAIL, "The provider says it failed."),
        (PAYABLE, seen(ProviderStatus.FAILED, message="Declined."), PaymentOutcome.WAIT, TRY_AGAIN.format("Declined")),
        (PAYABLE, SAID, PaymentOutcome.WAIT, "It did not answer."),
        (
            attempt(has_reference=False),
            SAID,
            PaymentOutcome.EXPIRE,
            "No provider ever gave it a reference.",
        ),
        (
            attempt(),
            seen(ProviderStatus.ABSENT),
            PaymentOutcome.WAIT,
            "The provider does not know this reference yet.",
        ),
        (attempt(), seen(ProviderStatus.PENDING), PaymentOutcome.WAIT, "The provider says: it is under way."),
        (
            attempt(),
            seen(ProviderStatus.PENDING, message="Ongoing."),
            PaymentOutcome.WAIT,
            "The provider says: Ongoing.",
        ),
        (OVER, SAID, PaymentOutcome.EXPIRE, NO_RESPONSE),
        (
            OVER,
            replace(SAID, is_answer=True),
            PaymentOutcome.EXPIRE,
            "The provider gave no usable answer until its time was over: It did not answer.",
        ),
        (
            OVER,
            replace(SAID, is_refusal=True),
            PaymentOutcome.EXPIRE,
            "The provider gave no usable answer until its time was over: It did not answer.",
        ),
        (
            OVER,
            seen(ProviderStatus.ABSENT),
            PaymentOutcome.EXPIRE,
            "The provider did not know this reference until its time was over.",
        ),
        (
            OVER,
            seen(ProviderStatus.PENDING),
            PaymentOutcome.EXPIRE,
            "It was not paid in time: the provider still says: it is under way.",
        ),
    ],
)
def test_what_is_said_of_a_payment_that_waits(
    payment: PaymentAttempt, word: ProviderResult, outcome: PaymentOutcome, sentence: str
) -> None:
    assert evaluate(payment, word, AT, PATIENCE) == (outcome, sentence)
