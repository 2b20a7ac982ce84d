"""What a provider's word means for a payout: nothing is sent twice, nothing is called paid that is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.payouts.payout_outcome import (
    HIDDEN,
    LOST,
    TAKEN,
    WATCHED,
    PayoutAttempt,
    PayoutOutcome,
    evaluate,
    next_check,
    next_try,
    pays_other,
)
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import PayoutStatus

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PENDING, SENDING, SENT = PayoutStatus.PENDING, PayoutStatus.SENDING, PayoutStatus.SENT
SILENCE = NoResponse("It did not answer.")
REFUSAL = NoResponse("It said no.", is_refusal=True, is_answer=True)
THERE = NoResponse("It is there already.", is_answer=True, is_there=True)
NOT_DONE = NoResponse("Not now.", is_answer=True, is_unsent=True)
ALL_WAIT = NoResponse("The balance is too small.", is_answer=True, is_unsent=True, pauses_all=True)
UNSENT = NoResponse("It could not be reached.", is_unsent=True)
NOT_SET_UP = NoResponse("It is not set up.", is_refusal=True, is_unsent=True)


def seen(status: ProviderStatus, amount: int | None = 5_000, currency: str | None = "NGN") -> ProviderResponse:
    return ProviderResponse("payout-1", status, amount, currency)


@pytest.mark.parametrize(
    ("status", "word", "outcome", "then"),
    [
        (SENDING, seen(ProviderStatus.SUCCEEDED), PayoutOutcome.SUCCEED, PayoutStatus.SUCCEEDED),
        (SENT, seen(ProviderStatus.SUCCEEDED), PayoutOutcome.SUCCEED, PayoutStatus.SUCCEEDED),
        (SENT, seen(ProviderStatus.FAILED), PayoutOutcome.FAIL, PayoutStatus.FAILED),
        (SENT, seen(ProviderStatus.REVERSED), PayoutOutcome.REVERSE, PayoutStatus.REVERSED),
        (SENDING, seen(ProviderStatus.PENDING), PayoutOutcome.WAIT, SENT),
        (SENDING, seen(ProviderStatus.ABSENT), PayoutOutcome.WAIT, PENDING),
        (SENT, seen(ProviderStatus.SUCCEEDED, 4_999), PayoutOutcome.WAIT, SENT),
        (SENT, seen(ProviderStatus.SUCCEEDED, None), PayoutOutcome.WAIT, SENT),
        (SENT, seen(ProviderStatus.FAILED, currency="GHS"), PayoutOutcome.WAIT, SENT),
        (PENDING, SILENCE, PayoutOutcome.WAIT, SENDING),
        (SENDING, SILENCE, PayoutOutcome.WAIT, SENDING),
        (SENT, SILENCE, PayoutOutcome.WAIT, SENT),
        (PENDING, UNSENT, PayoutOutcome.WAIT, PENDING),
        (SENDING, UNSENT, PayoutOutcome.WAIT, SENDING),
        (PENDING, REFUSAL, PayoutOutcome.FAIL, PayoutStatus.FAILED),
        (PENDING, NOT_SET_UP, PayoutOutcome.WAIT, PENDING),
        (SENDING, seen(ProviderStatus.PENDING, None, None), PayoutOutcome.WAIT, SENT),
        (SENT, seen(ProviderStatus.ABSENT), PayoutOutcome.WAIT, SENDING),
        (SENDING, THERE, PayoutOutcome.WAIT, SENDING),
        (SENDING, NOT_DONE, PayoutOutcome.WAIT, PENDING),
        (SENDING, ALL_WAIT, PayoutOutcome.WAIT, PENDING),
        (PayoutStatus.FAILED, seen(ProviderStatus.SUCCEEDED), PayoutOutcome.CONTRADICT, PayoutStatus.FAILED),
        (PayoutStatus.CANCELLED, seen(ProviderStatus.SUCCEEDED), PayoutOutcome.CONTRADICT, PayoutStatus.CANCELLED),
        (PayoutStatus.REVERSED, seen(ProviderStatus.SUCCEEDED), PayoutOutcome.CONTRADICT, PayoutStatus.REVERSED),
        (PayoutStatus.FAILED, seen(ProviderStatus.SUCCEEDED, 4_999), PayoutOutcome.NO_CHANGE, PayoutStatus.FAILED),
        (PayoutStatus.FAILED, seen(ProviderStatus.FAILED), PayoutOutcome.NO_CHANGE, PayoutStatus.FAILED),
        (PayoutStatus.SUCCEEDED, seen(ProviderStatus.REVERSED), PayoutOutcome.REVERSE, PayoutStatus.REVERSED),
        (PayoutStatus.SUCCEEDED, seen(ProviderStatus.FAILED), PayoutOutcome.FAIL, PayoutStatus.FAILED),
        (PayoutStatus.SUCCEEDED, REFUSAL, PayoutOutcome.NO_CHANGE, PayoutStatus.SUCCEEDED),
    ],
)
def test_what_a_word_means(
    status: PayoutStatus, word: ProviderResult, outcome: PayoutOutcome, then: PayoutStatus
) -> None:
    transition = evaluate(PayoutAttempt(status, 5_000, "NGN"), word)
    assert (transition.outcome, transition.status) == (outcome, then)


@pytest.mark.parametrize("status", [ProviderStatus.SUCCEEDED, ProviderStatus.PENDING, ProviderStatus.ABSENT])
def test_a_payout_that_was_paid_is_undone_only_by_its_return(status: ProviderStatus) -> None:
    assert (
        evaluate(PayoutAttempt(PayoutStatus.SUCCEEDED, 5_000, "NGN"), seen(status)).outcome == PayoutOutcome.NO_CHANGE
    )


def test_another_amount_is_said() -> None:
    said = evaluate(PayoutAttempt(SENT, 5_000, "NGN"), seen(ProviderStatus.SUCCEEDED, 4_999)).message
    assert said == "The provider speaks of NGN 49.99, which is not what was sent."


@pytest.mark.parametrize("word", [seen(ProviderStatus.ABSENT), SILENCE, UNSENT, NOT_DONE, REFUSAL, THERE])
def test_what_is_in_doubt_is_neither_sent_again_nor_given_back_by_itself(word: ProviderResult) -> None:
    transition = evaluate(PayoutAttempt(SENDING, 5_000, "NGN", is_doubted=True), word)
    assert (transition.outcome, transition.status, transition.is_doubted) == (PayoutOutcome.WAIT, SENDING, True)


@pytest.mark.parametrize(("status", "word"), [(SENDING, THERE), (SENT, seen(ProviderStatus.ABSENT))])
def test_a_reference_in_use_that_is_not_shown_is_in_doubt_until_it_is(
    status: PayoutStatus, word: ProviderResult
) -> None:
    assert evaluate(PayoutAttempt(status, 5_000, "NGN"), word).is_doubted
    assert not evaluate(PayoutAttempt(SENDING, 5_000, "NGN", is_doubted=True), seen(ProviderStatus.PENDING)).is_doubted


def test_a_reference_in_use_is_said_only_where_the_provider_said_it() -> None:
    lost = evaluate(PayoutAttempt(SENT, 5_000, "NGN"), seen(ProviderStatus.ABSENT))
    again = evaluate(PayoutAttempt(lost.status, 5_000, "NGN", is_doubted=lost.is_doubted), seen(ProviderStatus.ABSENT))
    assert (lost.message, again.message) == (LOST, HIDDEN)
    assert evaluate(PayoutAttempt(SENDING, 5_000, "NGN"), THERE).message == TAKEN


WORDS = st.builds(
    ProviderResponse,
    reference=st.just("payout-1"),
    status=st.sampled_from(ProviderStatus),
    amount=st.sampled_from([None, 4_999, 5_000]),
    currency=st.sampled_from([None, "NGN", "GHS"]),
) | st.builds(
    NoResponse,
    message=st.just("x"),
    is_refusal=st.booleans(),
    is_unsent=st.booleans(),
    is_answer=st.booleans(),
    is_there=st.booleans(),
)


@PROPERTY
@given(status=st.sampled_from(PayoutStatus), doubted=st.booleans(), word=WORDS)
def test_money_comes_back_only_when_it_surely_did_not_arrive(
    status: PayoutStatus, doubted: bool, word: ProviderResult
) -> None:
    transition = evaluate(PayoutAttempt(status, 5_000, "NGN", doubted), word)
    outcome, then = transition.outcome, transition.status
    if outcome in (PayoutOutcome.FAIL, PayoutOutcome.REVERSE):
        told = isinstance(word, ProviderResponse) and word.status in (ProviderStatus.FAILED, ProviderStatus.REVERSED)
        refused = isinstance(word, NoResponse) and word.is_refusal and not word.is_unsent and not word.is_there
        assert told or (refused and not doubted)
    if then == PENDING and status != PENDING:
        never = isinstance(word, ProviderResponse) and word.status == ProviderStatus.ABSENT and status == SENDING
        assert not doubted
        assert never or (isinstance(word, NoResponse) and word.is_unsent and word.is_answer)
    if outcome == PayoutOutcome.SUCCEED:
        assert isinstance(word, ProviderResponse)
        assert (word.status, word.amount, word.currency) == (ProviderStatus.SUCCEEDED, 5_000, "NGN")


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 2), (2, 4), (8, 256), (9, 360), (10_000, 360)])
def test_it_is_spoken_to_half_as_often_each_time_up_to_six_hours(attempts: int, minutes: int) -> None:
    assert next_try(attempts, AT, SILENCE) == AT + timedelta(minutes=minutes)


def test_a_provider_that_says_when_is_waited_for() -> None:
    assert next_try(0, AT, NoResponse("Busy.", retry_after=600)) == AT + timedelta(minutes=10)
    assert next_try(3, AT, NoResponse("Busy.", retry_after=1)) == AT + timedelta(minutes=8)


def test_what_was_paid_is_asked_about_ever_seldomer_for_thirty_days() -> None:
    paid, looks = AT, 0
    at: datetime | None = AT
    while at is not None:
        assert at <= paid + WATCHED
        then, at = at, next_check(paid, at)
        assert at is None or timedelta(hours=1) <= at - then <= timedelta(days=3)
        looks += 1
    assert 10 <= looks <= 30


def said(status: ProviderStatus, amount: int | None = 5_000, currency: str | None = "NGN") -> ProviderResponse:
    return ProviderResponse("payout-1", status, amount, currency, message="So it is.")


PAID, FAILED, REVERSED = PayoutStatus.SUCCEEDED, PayoutStatus.FAILED, PayoutStatus.REVERSED


@pytest.mark.parametrize(
    ("status", "how", "word", "outcome", "then", "message"),
    [
        (PAID, {}, said(ProviderStatus.SUCCEEDED), PayoutOutcome.NO_CHANGE, PAID, "So it is."),
        (PAID, {"is_unconfirmed": True}, said(ProviderStatus.SUCCEEDED), PayoutOutcome.CONFIRM, PAID, "So it is."),
        (PAID, {"is_unconfirmed": True}, said(ProviderStatus.PENDING), PayoutOutcome.NO_CHANGE, PAID, "So it is."),
        (PAID, {"is_unconfirmed": True}, said(ProviderStatus.FAILED), PayoutOutcome.FAIL, FAILED, "So it is."),
        (PAID, {}, said(ProviderStatus.REVERSED), PayoutOutcome.REVERSE, REVERSED, "So it is."),
        (PAID, {}, said(ProviderStatus.FAILED, 4_999), PayoutOutcome.NO_CHANGE, PAID, ""),
        (PAID, {}, SILENCE, PayoutOutcome.NO_CHANGE, PAID, ""),
        (FAILED, {}, said(ProviderStatus.SUCCEEDED), PayoutOutcome.CONTRADICT, FAILED, "So it is."),
        (FAILED, {}, said(ProviderStatus.FAILED), PayoutOutcome.NO_CHANGE, FAILED, "So it is."),
        (
            FAILED,
            {"is_paid_after_all": True},
            said(ProviderStatus.REVERSED),
            PayoutOutcome.RETRACT,
            FAILED,
            "So it is.",
        ),
        (FAILED, {"is_paid_after_all": True}, said(ProviderStatus.FAILED), PayoutOutcome.RETRACT, FAILED, "So it is."),
        (
            FAILED,
            {"is_paid_after_all": True},
            said(ProviderStatus.SUCCEEDED),
            PayoutOutcome.CONTRADICT,
            FAILED,
            "So it is.",
        ),
        (SENT, {}, said(ProviderStatus.SUCCEEDED), PayoutOutcome.SUCCEED, PAID, "So it is."),
        (SENT, {}, said(ProviderStatus.PENDING), PayoutOutcome.WAIT, SENT, "So it is."),
        (
            SENT,
            {},
            said(ProviderStatus.SUCCEEDED, None, None),
            PayoutOutcome.WAIT,
            SENT,
            "The provider speaks of NGN 0.00, which is not what was sent.",
        ),
        (
            SENT,
            {},
            said(ProviderStatus.PENDING, 4_999, "GHS"),
            PayoutOutcome.WAIT,
            SENT,
            "The provider speaks of GHS 49.99, which is not what was sent.",
        ),
        (SENDING, {}, said(ProviderStatus.ABSENT), PayoutOutcome.WAIT, PENDING, "The provider does not know it."),
        (SENDING, {"is_doubted": True}, SILENCE, PayoutOutcome.WAIT, SENDING, "It did not answer."),
        (SENDING, {}, NOT_DONE, PayoutOutcome.WAIT, PENDING, "Not now."),
        (SENDING, {}, REFUSAL, PayoutOutcome.FAIL, FAILED, "It said no."),
        (PENDING, {}, UNSENT, PayoutOutcome.WAIT, PENDING, "It could not be reached."),
        (SENDING, {}, UNSENT, PayoutOutcome.WAIT, SENDING, "It could not be reached."),
        (SENT, {}, SILENCE, PayoutOutcome.WAIT, SENT, "It did not answer."),
    ],
)
def test_what_becomes_of_it_and_what_is_said(
    status: PayoutStatus,
    how: dict[str, bool],
    word: ProviderResult,
    outcome: PayoutOutcome,
    then: PayoutStatus,
    message: str,
) -> None:
    found = evaluate(PayoutAttempt(status, 5_000, "NGN", **how), word)
    assert (found.outcome, found.status, found.message) == (outcome, then, message)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        (said(ProviderStatus.SUCCEEDED, 4_999), True),
        (said(ProviderStatus.PENDING, 4_999), True),
        (said(ProviderStatus.PENDING, currency="GHS"), True),
        (said(ProviderStatus.PENDING, None, None), False),
        (said(ProviderStatus.SUCCEEDED), False),
        (said(ProviderStatus.FAILED, 4_999), False),
        (SILENCE, False),
    ],
)
def test_whether_it_pays_another_amount(word: ProviderResult, other: bool) -> None:
    assert pays_other(PayoutAttempt(SENT, 5_000, "NGN"), word) == other


def test_an_answer_that_came_names_no_time_to_wait() -> None:
    assert next_try(0, AT, said(ProviderStatus.PENDING)) == AT + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "then"),
    [
        (timedelta(), timedelta(hours=1)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=5), timedelta(days=3)),
        (timedelta(days=27), timedelta(days=3)),
        (timedelta(days=27, seconds=1), None),
    ],
)
def test_how_long_it_is_watched(age: timedelta, then: timedelta | None) -> None:
    assert next_check(AT, AT + age) == (None if then is None else AT + age + then)
