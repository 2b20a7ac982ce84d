"""What providers say of payments, payouts and refunds, in the desk's own words."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from webapp.domain.states import ChargebackStatus
from webapp.domain.words import phrase

TEST_ANSWER = phrase("The provider answers from its test mode, where no money is real, so nothing of it is believed.")
"""Said of a payout or a refund, by a provider whose key is live."""


class ProviderStatus(StrEnum):
    """What became of a payment, a payout or a refund, as far as its provider knows."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    PENDING = "pending"
    ABSENT = "absent"
    """The provider never heard of it."""


@dataclass(frozen=True, slots=True)
class ReturnedAmount:
    """A sum of a payment that went back, or is on its way; `dispute` is the number of the bank's, if one took it."""

    amount: int
    dispute: str | None = None
    is_listed: bool = True
    """False when the provider lists no such sum, but has that much less of the payment."""


@dataclass(frozen=True, slots=True)
class ProviderResponse:
    """What a provider says of one thing. Amounts are in minor units."""

    reference: str
    status: ProviderStatus
    amount: int | None = None
    currency: str | None = None
    provider_id: str | None = None
    message: str = ""
    is_test: bool = False
    """It was in the provider's test mode, where no money is real."""
    requested: int | None = None
    """What the provider was asked to collect, by its own account; None when it does not tell."""
    given_back: tuple[ReturnedAmount, ...] | None = None
    """What of a payment went back, sum by sum; None when that was not asked."""
    others: tuple["ProviderResponse", ...] = ()
    """Further transactions that succeeded under the same reference."""
    needs_person: bool = False
    """It does not go on by itself: somebody has to do something at the provider."""
    payer_fee: int = 0
    """What its payer paid on top of `amount`, for the provider's fee."""
    paid_at: datetime | None = None
    """When it was paid, by the provider's clock; None when it does not tell."""

    def without_payer_fee(self, owed: int) -> "ProviderResponse":
        """The same, with what was asked as its amount where that is what is owed and the payer paid more: the fee."""
        above = (self.amount or 0) - owed
        return replace(self, amount=owed, payer_fee=above) if self.requested == owed and above > 0 else self

    @property
    def refunded_amount(self) -> int | None:
        """How much of a payment went back in all; None when that is not known."""
        return None if self.given_back is None else sum(each.amount for each in self.given_back)


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One of a payment's refunds at its provider, whoever made it. Amounts are in minor units."""

    provider_id: str
    status: ProviderStatus
    amount: int
    currency: str
    created_at: datetime | None
    """None when the provider does not tell: it may be of any time."""
    message: str = ""
    needs_person: bool = False
    dispute: str | None = None
    """The number of the bank's dispute that took it: then it is no refund of anybody's."""


@dataclass(frozen=True, slots=True)
class ListedRefunds:
    """Every refund of a payment at its provider: which of them is ours is still to be told."""

    rows: tuple[RefundRow, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row of a provider's list that can't be one of ours, or can't be read; why, in a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoResponse:
    """It could not be asked, or did not answer usably; `retry_after` is in seconds."""

    message: str
    retry_after: float | None = None
    is_refusal: bool = False
    """It understood and said no: nothing was done."""
    is_answer: bool = False
    """It did answer, but not what was asked."""
    is_unsent: bool = False
    """It surely had no effect."""
    is_there: bool = False
    """It is there already, or was: what became of it has to be looked for."""
    pauses_all: bool = False
    """It was not done, and nothing like it will be until something changes there."""


ProviderResult = ProviderResponse | NoResponse


@dataclass(frozen=True, slots=True)
class ChargebackReport:
    """What a provider says of one chargeback. `amount` is what the bank wants back of the payment `reference`."""

    number: str
    status: ChargebackStatus
    reference: str
    amount: int
    currency: str
    category: str = ""
    due_at: datetime | None = None
    went_back: bool = False
    """It is over, and the provider has the payment's money no more, for whatever reason."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Disputed:
    """Nothing was sent: the payer's bank wants the money of the payment back, or has it, and we did not know."""

    banks: tuple[ChargebackReport, ...]
