"""What providers say of payments, payouts and refunds, in the desk's own words."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a payment, a payout or a refund, as far as its provider knows."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    PENDING = "pending"
    ABSENT = "absent"
    """The provider never heard of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider says of one thing. Amounts are in minor units."""

    reference: str
    fate: Fate
    amount: int | None = None
    currency: str | None = None
    provider_id: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It could not be asked, or did not answer usably; `retry_after` is in seconds."""

    said: str
    retry_after: float | None = None
    is_refusal: bool = False
    """It understood and said no: nothing was done."""
    is_unsent: bool = False
    """It surely had no effect."""


Word = Seen | Unanswered
