"""What a provider's word means for a payment: pure rules, no clock of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.money import Money
from webapp.domain.provider_words import Fate, Seen, Unanswered, Word
from webapp.domain.states import OrderStatus, PaymentStatus

NO_RESPONSE = "No response from the provider at the last check, when its time was over."
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=30), timedelta(hours=6)
_GIVEN_UP = (PaymentStatus.FAILED, PaymentStatus.EXPIRED)


class Verdict(StrEnum):
    """What is to be done about a payment."""

    SUCCEED = "succeed"
    FAIL = "fail"
    EXPIRE = "expire"
    REVIEW = "review"
    WAIT = "wait"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment as it is when its provider's word is judged; minor units."""

    status: str
    amount: int
    currency: str
    order_status: str
    first_checked_at: datetime | None
    has_reference: bool = True


def judge(attempt: Attempt, word: Word, at: datetime, patience: timedelta) -> tuple[Verdict, str]:
    """What the word means, and why in a sentence. `patience` counts from the first time it was asked about."""
    if attempt.status == PaymentStatus.NEEDS_REVIEW:
        return Verdict.LEAVE, ""
    if isinstance(word, Seen) and word.fate == Fate.SUCCEEDED:
        return _of_success(attempt, word)
    if attempt.status != PaymentStatus.PENDING:
        return _of_reversal(attempt, word)
    if not attempt.has_reference:
        return Verdict.EXPIRE, "No provider ever gave it a reference."
    if isinstance(word, Seen) and word.fate in (Fate.FAILED, Fate.REVERSED):
        return Verdict.FAIL, word.said or "The provider says it failed."
    if attempt.first_checked_at is not None and at >= attempt.first_checked_at + patience:
        return Verdict.EXPIRE, _at_the_end(word)
    return Verdict.WAIT, _still(word)


def next_check(checks: int, at: datetime, retry_after: float | None) -> datetime:
    """When to ask again: twice as long each time, or when the provider says."""
    pause: timedelta = min(_FIRST_WAIT * (1 << min(checks, 10)), _LONGEST_WAIT)
    return at + max(pause, timedelta(seconds=retry_after or 0))


def _of_success(attempt: Attempt, seen: Seen) -> tuple[Verdict, str]:
    if attempt.status == PaymentStatus.SUCCEEDED:
        return Verdict.LEAVE, ""
    if (seen.amount, seen.currency) != (attempt.amount, attempt.currency):
        paid = Money(seen.amount or 0, seen.currency or attempt.currency)
        return Verdict.REVIEW, f"The provider collected {paid}, not {Money(attempt.amount, attempt.currency)}."
    if attempt.status in _GIVEN_UP:
        return Verdict.REVIEW, f"The payment succeeded after it was {attempt.status} here."
    if attempt.order_status != OrderStatus.AWAITING_PAYMENT:
        return Verdict.REVIEW, f"The payment succeeded, but its order is {attempt.order_status.replace('_', ' ')}."
    return Verdict.SUCCEED, ""


def _of_reversal(attempt: Attempt, word: Word) -> tuple[Verdict, str]:
    """A payment that was settled stays settled; one that its provider took back needs a person."""
    taken = isinstance(word, Seen) and word.fate == Fate.REVERSED and attempt.status == PaymentStatus.SUCCEEDED
    return (
        (Verdict.REVIEW, "The provider took this payment back after it had succeeded.")
        if taken
        else (Verdict.LEAVE, "")
    )


def _at_the_end(word: Word) -> str:
    """Why it is given up: what the provider answered last, or that it did not."""
    if isinstance(word, Unanswered):
        return (
            f"The provider gave no usable answer until its time was over: {word.said}"
            if word.is_refusal
            else NO_RESPONSE
        )
    if word.fate == Fate.ABSENT:
        return "The provider did not know this reference until its time was over."
    return f"It was not paid in time: the provider still says {word.said or 'pending'}."


def _still(word: Word) -> str:
    if isinstance(word, Unanswered):
        return word.said
    if word.fate == Fate.ABSENT:
        return "The provider does not know this reference yet."
    return f"The provider says: {word.said or 'pending'}."
