"""What a provider's answer means for a payout: pure rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import UNSETTLED_PAYOUTS, PayoutStatus
from webapp.domain.words import phrase

_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
_FIRST_CHECK, _LONGEST_CHECK = timedelta(hours=1), timedelta(days=3)
WATCHED = timedelta(days=30)
"""For how long a payout that was paid is asked about: it may fail or be reversed still."""
TAKEN = phrase("Its provider says that its reference is in use already, and does not show the payout.")
LOST = phrase("Its provider had it, and does not know it any more.")
HIDDEN = phrase("Its provider may have it, and does not show it.")


class PayoutOutcome(StrEnum):
    """What is to be done about a payout."""

    SUCCEED = "succeed"
    FAIL = "fail"
    REVERSE = "reverse"
    WAIT = "wait"
    NO_CHANGE = "no_change"
    CONFIRM = "confirm"
    """Two people had said that it was paid, and its provider says so too."""
    CONTRADICT = "contradict"
    """It was paid, and its money had come back to the wallet: a person has to know."""
    RETRACT = "retract"
    """It was paid after its money had come back, and came back once more: nobody has it twice."""


@dataclass(frozen=True, slots=True)
class PayoutAttempt:
    """A payout as it is when its provider's answer is judged; minor units."""

    status: str
    amount: int
    currency: str
    is_doubted: bool = False
    """Whether its provider may have it although it does not show it."""
    is_paid_after_all: bool = False
    """Whether its provider said that it was paid when its money had come back already."""
    is_unconfirmed: bool = False
    """Whether it counts as paid by the word of two people alone."""


@dataclass(frozen=True, slots=True)
class PayoutTransition:
    """What an answer means: what is done, the status from then on, why, and whether it is in doubt from then on."""

    outcome: PayoutOutcome
    status: PayoutStatus
    message: str = ""
    is_doubted: bool = False


_CAME_BACK = {
    ProviderStatus.FAILED: (PayoutOutcome.FAIL, PayoutStatus.FAILED),
    ProviderStatus.REVERSED: (PayoutOutcome.REVERSE, PayoutStatus.REVERSED),
}
_ENDS = _CAME_BACK | {ProviderStatus.SUCCEEDED: (PayoutOutcome.SUCCEED, PayoutStatus.SUCCEEDED)}


def evaluate(sent: PayoutAttempt, result: ProviderResult) -> PayoutTransition:
    """What the answer means. An unknown outcome stays one until the provider tells.

    What was paid comes back by `failed` and by `reversed`. What is in doubt is never sent again by itself.
    """
    status = PayoutStatus(sent.status)
    if status not in UNSETTLED_PAYOUTS:
        return _of_settled(sent, status, result)
    if isinstance(result, NoResponse):
        return _of_silence(sent, status, result)
    if result.status == ProviderStatus.ABSENT:
        return _of_absence(sent, status)
    if not agrees(sent, result):
        amount = Money(result.amount or 0, result.currency or sent.currency)
        sentence = phrase("The provider speaks of %(amount)s, which is not what was sent.", amount=amount)
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.SENT, sentence)
    outcome, then = _ENDS.get(result.status, (PayoutOutcome.WAIT, PayoutStatus.SENT))
    return PayoutTransition(outcome, then, result.message)


def agrees(sent: PayoutAttempt, seen: ProviderResponse) -> bool:
    """Whether the provider speaks of the money that was sent. What is under way may name none yet."""
    if seen.status == ProviderStatus.PENDING and seen.amount is None:
        return True
    return (seen.amount, seen.currency) == (sent.amount, sent.currency)


def pays_other(sent: PayoutAttempt, result: ProviderResult) -> bool:
    """Whether the provider has it, paid or under way, over another amount than was sent."""
    return (
        isinstance(result, ProviderResponse)
        and result.status in (ProviderStatus.SUCCEEDED, ProviderStatus.PENDING)
        and not agrees(sent, result)
    )


def next_try(attempts: int, at: datetime, result: ProviderResult) -> datetime:
    """When to speak to the provider again: twice as long each time, or when it says."""
    least = result.retry_after if isinstance(result, NoResponse) else None
    pause: timedelta = min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
    return at + max(pause, timedelta(seconds=least or 0))


def next_check(paid_at: datetime, at: datetime) -> datetime | None:
    """When to ask again about a payout that was paid: seldomer with its age. None when it was WATCHED."""
    again = at + min(max(at - paid_at, _FIRST_CHECK), _LONGEST_CHECK)
    return again if again <= paid_at + WATCHED else None


def _of_settled(sent: PayoutAttempt, status: PayoutStatus, result: ProviderResult) -> PayoutTransition:
    if not isinstance(result, ProviderResponse) or not agrees(sent, result):
        return PayoutTransition(PayoutOutcome.NO_CHANGE, status)
    if status == PayoutStatus.SUCCEEDED:
        if sent.is_unconfirmed and result.status == ProviderStatus.SUCCEEDED:
            return PayoutTransition(PayoutOutcome.CONFIRM, status, result.message)
        outcome, then = _CAME_BACK.get(result.status, (PayoutOutcome.NO_CHANGE, status))
        return PayoutTransition(outcome, then, result.message)
    if sent.is_paid_after_all and result.status in _CAME_BACK:
        return PayoutTransition(PayoutOutcome.RETRACT, status, result.message)
    return PayoutTransition(
        PayoutOutcome.CONTRADICT if result.status == ProviderStatus.SUCCEEDED else PayoutOutcome.NO_CHANGE,
        status,
        result.message,
    )


def _of_absence(sent: PayoutAttempt, status: PayoutStatus) -> PayoutTransition:
    if sent.is_doubted:
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.SENDING, HIDDEN, is_doubted=True)
    if status == PayoutStatus.SENT:
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.SENDING, LOST, is_doubted=True)
    return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.PENDING, phrase("The provider does not know it."))


def _of_silence(sent: PayoutAttempt, status: PayoutStatus, result: NoResponse) -> PayoutTransition:
    if result.is_there:
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.SENDING, TAKEN, is_doubted=True)
    if sent.is_doubted:
        return PayoutTransition(PayoutOutcome.WAIT, status, result.message, is_doubted=True)
    if result.is_answer and result.is_unsent:
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.PENDING, result.message)
    if result.is_refusal and not result.is_unsent:
        return PayoutTransition(PayoutOutcome.FAIL, PayoutStatus.FAILED, result.message)
    if result.is_unsent and status == PayoutStatus.PENDING:
        return PayoutTransition(PayoutOutcome.WAIT, PayoutStatus.PENDING, result.message)
    return PayoutTransition(
        PayoutOutcome.WAIT, status if status == PayoutStatus.SENT else PayoutStatus.SENDING, result.message
    )
