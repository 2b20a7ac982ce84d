"""What a provider's answer means for a payment: pure rules, no clock of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.payments.loss_allocation import taken_back
from webapp.domain.providers.provider_messages import clause, reason, sentence
from webapp.domain.providers.provider_results import (
    NoResponse,
    ProviderResponse,
    ProviderResult,
    ProviderStatus,
    ReturnedAmount,
)
from webapp.domain.state_labels import in_words
from webapp.domain.states import OrderStatus, PaymentStatus
from webapp.domain.words import phrase

NO_RESPONSE = phrase("No response from the provider at the last check, when its time was over.")
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=30), timedelta(hours=6)
_GIVEN_UP = (PaymentStatus.FAILED, PaymentStatus.EXPIRED)


class PaymentOutcome(StrEnum):
    """What is to be done about a payment."""

    SUCCEED = "succeed"
    FAIL = "fail"
    EXPIRE = "expire"
    REVIEW = "review"
    WAIT = "wait"
    NO_CHANGE = "no_change"
    TAKEN = "taken"
    """The provider has less of it than we count on: a person decides who bears that."""
    WHOLE = "whole"
    """What was taken back came back, before anybody decided."""
    RETURNED = "returned"
    """It was in review, and its provider gave it back to the payer meanwhile."""


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """A payment as it is when its provider's answer is judged; minor units."""

    status: str
    amount: int
    currency: str
    order_status: str
    first_checked_at: datetime | None
    has_reference: bool = True
    provider_amount: int | None = None
    """What the provider collected, where that was in doubt."""
    provider_currency: str | None = None
    payer_fee: int = 0
    """What the payer paid on top of `amount`."""
    ours: tuple[int, ...] = ()
    """Our refunds of it that were not refused."""
    was_refunded: bool = False
    """Whether we ever decided to give it back."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """The chargebacks on it that the bank won, by number."""
    covered: int = 0
    taken_back: int = 0
    decided: int = 0
    is_by_hand: bool = False
    """Marked paid by a person: its provider has none of it."""
    payable_until: datetime | None = None
    """Until when its payer may try again at the same page, however the last attempt ended."""

    @property
    def is_held_for(self) -> bool:
        """Whether its money came in and was counted on: it succeeded, or is in review since it was taken back."""
        in_review = self.status == PaymentStatus.NEEDS_REVIEW and self.taken_back != self.decided
        return self.status == PaymentStatus.SUCCEEDED or in_review


def evaluate(
    attempt: PaymentAttempt, result: ProviderResult, at: datetime, patience: timedelta
) -> tuple[PaymentOutcome, str]:
    """What the answer means, and why in a sentence. `patience` counts from the first time it was asked about."""
    if attempt.is_by_hand:
        return PaymentOutcome.NO_CHANGE, ""
    if attempt.is_held_for:
        return _of_what_is_left(attempt, result)
    if attempt.status == PaymentStatus.NEEDS_REVIEW:
        return _of_doubt(attempt, result)
    if attempt.was_refunded:
        return PaymentOutcome.NO_CHANGE, ""
    if isinstance(result, ProviderResponse) and result.status == ProviderStatus.SUCCEEDED:
        return _of_success(attempt, result)
    if attempt.status != PaymentStatus.PENDING:
        return PaymentOutcome.NO_CHANGE, ""
    if not attempt.has_reference:
        return PaymentOutcome.EXPIRE, phrase("No provider ever gave it a reference.")
    payable = attempt.payable_until is not None and at < attempt.payable_until
    if isinstance(result, ProviderResponse) and result.status in (ProviderStatus.FAILED, ProviderStatus.REVERSED):
        detail = sentence(result.message) or phrase("The provider says it failed.")
        return (
            (PaymentOutcome.WAIT, _may_try_again(reason(result.message), attempt))
            if payable
            else (PaymentOutcome.FAIL, detail)
        )
    if payable:
        return PaymentOutcome.WAIT, _still(result)
    if attempt.first_checked_at is not None and at >= attempt.first_checked_at + patience:
        return PaymentOutcome.EXPIRE, _at_the_end(result)
    return PaymentOutcome.WAIT, _still(result)


def next_check(checks: int, at: datetime, retry_after: float | None) -> datetime:
    """When to ask again: twice as long each time, or when the provider says."""
    pause: timedelta = min(_FIRST_WAIT * (1 << min(checks, 10)), _LONGEST_WAIT)
    return at + max(pause, timedelta(seconds=retry_after or 0))


def _of_success(attempt: PaymentAttempt, seen: ProviderResponse) -> tuple[PaymentOutcome, str]:
    kept = net_amount(seen)
    # A success that names no amount, or none, says nothing of money that went back: a person looks at it.
    if kept <= 0 < (seen.refunded_amount or 0):
        detail = phrase("It was paid, and given back to the payer at the provider.")
        return (PaymentOutcome.NO_CHANGE, "") if attempt.status in _GIVEN_UP else (PaymentOutcome.FAIL, detail)
    if (kept, seen.currency) != (attempt.amount, attempt.currency):
        paid = Money(kept, seen.currency or attempt.currency)
        return PaymentOutcome.REVIEW, phrase(
            "The provider collected %(paid)s, not %(amount)s.",
            paid=paid,
            amount=Money(attempt.amount, attempt.currency),
        )
    if seen.requested not in (None, attempt.amount):
        requested = Money(seen.requested or 0, attempt.currency)
        return (
            PaymentOutcome.REVIEW,
            phrase(
                "The provider says that %(requested)s was asked, not %(amount)s.",
                requested=requested,
                amount=Money(attempt.amount, attempt.currency),
            ),
        )
    if attempt.status in _GIVEN_UP:
        return PaymentOutcome.REVIEW, phrase(
            "The payment succeeded after it was %(status)s here.", status=in_words(attempt.status)
        )
    if attempt.order_status != OrderStatus.AWAITING_PAYMENT:
        return PaymentOutcome.REVIEW, phrase(
            "The payment succeeded, but its order is %(status)s.", status=in_words(attempt.order_status)
        )
    return PaymentOutcome.SUCCEED, ""


def _of_what_is_left(attempt: PaymentAttempt, result: ProviderResult) -> tuple[PaymentOutcome, str]:
    """A payment that came in stays settled, unless its provider has less of it than our refunds explain."""
    taken = taken_now(attempt, result)
    if taken == attempt.taken_back:
        return PaymentOutcome.NO_CHANGE, ""
    if taken == attempt.decided:
        return PaymentOutcome.WHOLE, ""
    if taken < attempt.decided:
        came = Money(attempt.decided - taken, attempt.currency)
        return PaymentOutcome.TAKEN, phrase(
            "The provider has %(came)s again that was taken back: decide whose it is.", came=came
        )
    gone = Money(taken - attempt.decided, attempt.currency)
    return PaymentOutcome.TAKEN, phrase(
        "%(gone)s of this payment was taken back from us, and not by a refund of ours.", gone=gone
    )


def taken_now(attempt: PaymentAttempt, result: ProviderResult) -> int:
    """How much of a payment is gone by this answer that no refund of ours explains.

    An answer that says nothing of it makes it no less; what banks won is gone all the same.
    """
    back = _given_back(attempt, result)
    taken = taken_back(back or (), attempt.ours, attempt.lost, attempt.covered)
    return max(attempt.taken_back, taken if attempt.lost else 0) if back is None else taken


def _given_back(attempt: PaymentAttempt, result: ProviderResult) -> tuple[ReturnedAmount, ...] | None:
    """What the answer says is gone of what came in; None when it does not say.

    That a provider does not know the payment says nothing of the money: the key may be another's.
    """
    if not isinstance(result, ProviderResponse):
        return None
    collected = attempt.amount if attempt.provider_amount is None else attempt.provider_amount
    all_of_it = (ReturnedAmount(collected + attempt.payer_fee, is_listed=False),)
    if result.given_back is None and result.status == ProviderStatus.REVERSED:
        return all_of_it
    if result.status == ProviderStatus.FAILED or (
        result.currency not in (None, attempt.provider_currency or attempt.currency)
    ):
        return all_of_it
    if result.status == ProviderStatus.SUCCEEDED and (result.amount or 0) < collected:
        return (*(result.given_back or ()), ReturnedAmount(collected - (result.amount or 0), is_listed=False))
    return result.given_back


def net_amount(seen: ProviderResponse) -> int:
    """What a provider has of a payment that it says succeeded."""
    return (seen.amount or 0) - (seen.refunded_amount or 0)


def _of_doubt(attempt: PaymentAttempt, result: ProviderResult) -> tuple[PaymentOutcome, str]:
    """What came in and waits for a person may be given back at the provider meanwhile, all of it or a part."""
    if (
        not isinstance(result, ProviderResponse)
        or attempt.provider_amount is None
        or _given_back(attempt, result) is None
    ):
        return PaymentOutcome.NO_CHANGE, ""
    # What it has less than came in is among what was given back: counted from what came, or it would count twice.
    came = max(result.amount or 0, attempt.provider_amount)
    gone = taken_back(_given_back(attempt, result) or (), attempt.ours, attempt.lost, attempt.covered)
    kept = came - gone
    if kept <= 0:
        return PaymentOutcome.RETURNED, phrase(
            "It was given back to the payer at the provider, so there is nothing to decide."
        )
    if kept == attempt.provider_amount:
        return PaymentOutcome.NO_CHANGE, ""
    left = Money(kept, result.currency or attempt.currency)
    return PaymentOutcome.REVIEW, phrase("A part was given back at the provider: %(left)s is left of it.", left=left)


def _at_the_end(result: ProviderResult) -> str:
    """Why it is given up: what the provider answered last, or that it did not."""
    if isinstance(result, NoResponse):
        return (
            phrase("The provider gave no usable answer until its time was over: %(text)s", text=result.message)
            if result.is_refusal or result.is_answer
            else NO_RESPONSE
        )
    if result.status == ProviderStatus.ABSENT:
        return phrase("The provider did not know this reference until its time was over.")
    return phrase(
        "It was not paid in time: the provider still says: %(clause)s.", clause=clause(result.message or "pending")
    )


def _may_try_again(message: str, attempt: PaymentAttempt) -> str:
    until = in_utc(attempt.payable_until) if attempt.payable_until else ""
    return phrase(
        "An attempt to pay failed (%(text)s). Its payer may try again until %(until)s.", text=message, until=until
    )


def _still(result: ProviderResult) -> str:
    if isinstance(result, NoResponse):
        return result.message
    if result.status == ProviderStatus.ABSENT:
        return phrase("The provider does not know this reference yet.")
    return phrase("The provider says: %(clause)s.", clause=clause(result.message or "pending"))
