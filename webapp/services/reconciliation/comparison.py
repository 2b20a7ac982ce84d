"""Do our book and another's say the same of one thing? Pure: no session, no call."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.domain.state_labels import in_words
from webapp.domain.states import PaymentStatus, PayoutStatus
from webapp.domain.words import phrase

MISSING_HERE, MISSING_THERE, DIFFERENT = "missing_here", "missing_there", "different"
GIVEN_BACK, BY_HAND = "given_back", "paid_by_hand"
"""A payment in review that was refunded, and one that was marked paid: the provider may not know how it ended."""
GONE, PARTLY_GONE = phrase("given back"), phrase("given back in part")
"""A payment that came in and of which we know that all, or a part, went back: by our refund, or taken back."""

_WENT = frozenset({ProviderStatus.SUCCEEDED, ProviderStatus.REVERSED})
_DID_NOT = frozenset({ProviderStatus.FAILED, ProviderStatus.REVERSED, ProviderStatus.PENDING, ProviderStatus.ABSENT})
PAYMENTS: Mapping[str, frozenset[ProviderStatus]] = {
    PaymentStatus.PENDING: _DID_NOT,
    PaymentStatus.SUCCEEDED: frozenset({ProviderStatus.SUCCEEDED}),
    GONE: frozenset({ProviderStatus.SUCCEEDED, ProviderStatus.REVERSED, ProviderStatus.PENDING}),
    PARTLY_GONE: frozenset({ProviderStatus.SUCCEEDED, ProviderStatus.PENDING}),
    PaymentStatus.NEEDS_REVIEW: _WENT,
    GIVEN_BACK: _WENT,
    BY_HAND: frozenset(ProviderStatus),
    PaymentStatus.FAILED: _DID_NOT,
    PaymentStatus.EXPIRED: _DID_NOT,
}
"""What a provider may say of a payment that is so with us."""
PAYOUTS: Mapping[str, frozenset[ProviderStatus]] = {
    PayoutStatus.PENDING: frozenset({ProviderStatus.ABSENT, ProviderStatus.PENDING}),
    PayoutStatus.SENDING: frozenset({ProviderStatus.ABSENT, ProviderStatus.PENDING}),
    PayoutStatus.SENT: frozenset({ProviderStatus.PENDING}),
    PayoutStatus.SUCCEEDED: frozenset({ProviderStatus.SUCCEEDED}),
    PayoutStatus.FAILED: frozenset({ProviderStatus.FAILED, ProviderStatus.REVERSED, ProviderStatus.ABSENT}),
    PayoutStatus.REVERSED: frozenset({ProviderStatus.REVERSED, ProviderStatus.FAILED}),
    PayoutStatus.CANCELLED: frozenset({ProviderStatus.ABSENT, ProviderStatus.FAILED}),
}
"""What a provider may say of a payout that is so with us."""
_MOVED = (ProviderStatus.SUCCEEDED, ProviderStatus.REVERSED)
_UNDER_WAY = frozenset({PaymentStatus.PENDING, PayoutStatus.PENDING, PayoutStatus.SENDING, PayoutStatus.SENT})


class Alike(Enum):
    """What is to be said of one thing on which two books do not differ."""

    AGREES = auto()
    UNDECIDED = auto()
    """It is under way and young: whatever the provider says of it, it is too early to say whether the books agree."""
    NO_MATTER = auto()
    """Nobody here knows of it, and no money moved there: nothing was compared."""


@dataclass(frozen=True, slots=True)
class InternalRecord:
    """What we know of one thing; minor units. What is young and under way can't be compared yet."""

    reference: str
    amount: int
    currency: str
    status: str
    is_young: bool
    subject: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing on which two books differ."""

    kind: str
    reference: str
    detail: str
    currency: str | None = None
    ours: int | None = None
    theirs: int | None = None
    subject: tuple[str, int] | None = None


def compared(
    ours: InternalRecord | None, theirs: ProviderResponse | None, expected: Mapping[str, frozenset[ProviderStatus]]
) -> Finding | Alike:
    """What differs, or that nothing does, or that it can't be said yet."""
    if ours is None:
        return _unknown_here(theirs) if theirs is not None else Alike.NO_MATTER
    theirs = theirs.without_payer_fee(ours.amount) if theirs is not None else None
    status = theirs.status if theirs is not None else ProviderStatus.ABSENT
    if ours.is_young and ours.status in _UNDER_WAY:
        return Alike.UNDECIDED
    if status not in expected[ours.status]:
        return _different(
            ours,
            theirs,
            phrase("It is %(ours)s here and %(theirs)s there.", ours=in_words(ours.status), theirs=in_words(status)),
        )
    if theirs is None or status not in _MOVED or (theirs.amount, theirs.currency) == (ours.amount, ours.currency):
        return Alike.AGREES
    here = Money(ours.amount, ours.currency)
    there = (
        Money(theirs.amount, theirs.currency) if theirs.amount is not None and theirs.currency else phrase("no amount")
    )
    return _different(ours, theirs, phrase("It is %(here)s here and %(there)s there.", here=here, there=there))


def _unknown_here(theirs: ProviderResponse) -> Finding | Alike:
    if theirs.status not in (ProviderStatus.SUCCEEDED, ProviderStatus.PENDING):
        return Alike.NO_MATTER
    detail = phrase("It is %(status)s there and nobody here knows of it.", status=in_words(theirs.status))
    return Finding(MISSING_HERE, theirs.reference, detail, theirs.currency, theirs=theirs.amount)


def _different(ours: InternalRecord, theirs: ProviderResponse | None, detail: str) -> Finding:
    absent = theirs is None or theirs.status == ProviderStatus.ABSENT
    return Finding(
        MISSING_THERE if absent else DIFFERENT,
        ours.reference,
        detail,
        ours.currency,
        ours.amount,
        None if theirs is None else theirs.amount,
        ours.subject,
    )
