"""What a provider's word means for a payout: pure rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.money import Money
from webapp.domain.provider_words import Fate, Seen, Unanswered, Word
from webapp.domain.states import PayoutStatus

_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


class Course(StrEnum):
    """What is to be done about a payout."""

    SUCCEED = "succeed"
    FAIL = "fail"
    REVERSE = "reverse"
    WAIT = "wait"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Sent:
    """A payout as it is when its provider's word is judged; minor units."""

    status: str
    amount: int
    currency: str


def judge(sent: Sent, word: Word) -> tuple[Course, PayoutStatus, str]:
    """What the word means, the status from then on, and why. An unknown outcome stays one until the provider tells."""
    status = PayoutStatus(sent.status)
    if status == PayoutStatus.SUCCEEDED:
        taken = isinstance(word, Seen) and word.fate == Fate.REVERSED
        return (Course.REVERSE if taken else Course.LEAVE), PayoutStatus.REVERSED, word.said
    if status not in (PayoutStatus.PENDING, PayoutStatus.SENDING, PayoutStatus.SENT):
        return Course.LEAVE, status, ""
    if isinstance(word, Unanswered):
        return _of_silence(status, word)
    if word.fate == Fate.ABSENT:
        return Course.WAIT, PayoutStatus.PENDING, "The provider never heard of it; it is sent again."
    if (word.amount, word.currency) != (sent.amount, sent.currency):
        told = Money(word.amount or 0, word.currency or sent.currency)
        return Course.WAIT, PayoutStatus.SENT, f"The provider speaks of {told}, which is not what was sent."
    courses = {Fate.SUCCEEDED: Course.SUCCEED, Fate.FAILED: Course.FAIL, Fate.REVERSED: Course.REVERSE}
    course = courses.get(word.fate, Course.WAIT)
    ends = {
        Course.SUCCEED: PayoutStatus.SUCCEEDED,
        Course.FAIL: PayoutStatus.FAILED,
        Course.REVERSE: PayoutStatus.REVERSED,
    }
    return course, ends.get(course, PayoutStatus.SENT), word.said


def next_try(attempts: int, at: datetime, word: Word) -> datetime:
    """When to speak to the provider again: twice as long each time, or when it says."""
    least = word.retry_after if isinstance(word, Unanswered) else None
    pause: timedelta = min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
    return at + max(pause, timedelta(seconds=least or 0))


def _of_silence(status: PayoutStatus, word: Unanswered) -> tuple[Course, PayoutStatus, str]:
    if word.is_refusal and not word.is_unsent:
        return Course.FAIL, PayoutStatus.FAILED, word.said
    if word.is_unsent and status == PayoutStatus.PENDING:
        return Course.WAIT, PayoutStatus.PENDING, word.said
    return Course.WAIT, status if status == PayoutStatus.SENT else PayoutStatus.SENDING, word.said
