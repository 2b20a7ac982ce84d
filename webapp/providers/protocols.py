"""What the desk needs of the outside, as Protocols, and the answers in the desk's own words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from webapp.domain.providers.provider_results import (
    ChargebackReport,
    ProviderResponse,
    ProviderStatus,
    RefundRow,
    SkippedRow,
)
from webapp.providers.http.response_reader import minor_units


@dataclass(frozen=True, slots=True)
class Checkout:
    """Who pays what for which reference; minor units."""

    reference: str
    amount: int
    currency: str
    email: str
    back: str
    """Where the payer's browser returns to."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A bank or mobile account."""

    kind: str
    bank_code: str
    account_number: str
    account_name: str
    currency: str
    account_reference: str = ""
    """Which account behind a Paybill or Till number is meant."""


@dataclass(frozen=True, slots=True)
class PayoutInstruction:
    """One payout to be sent; minor units."""

    reference: str
    recipient: str
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListedRefund:
    """A refund in a provider's list, whoever made it, known by the payment's number there or by our reference."""

    payment: str
    reference: str
    dispute: str
    """The number of the bank's dispute that it ends, if it does."""
    status: ProviderStatus
    amount: int | str
    """Minor units, or a text of major units where the list names no currency."""
    currency: str | None = None

    def minor(self, currency: str) -> int | None:
        """Its amount in minor units of the payment's currency; None when it can't be one."""
        if isinstance(self.amount, int):
            return self.amount
        try:
            return minor_units(self.amount, currency)
        except ValueError:
            return None


@runtime_checkable
class PaymentCollector(Protocol):
    """Collects payments."""

    name: str

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns its address. The same reference again is refused by the provider."""

    def fetch_payment(self, reference: str) -> ProviderResponse:
        """What became of a payment. Raises CallFailed."""

    def fetch_payment_with_refunds(self, reference: str) -> ProviderResponse:
        """The same, and what of it went back to the payer, through us or not. Raises CallFailed."""


@runtime_checkable
class KeyChecker(Protocol):
    """Has credentials that its calls do not always need: an access token lasts for a while without them."""

    def check_key(self) -> None:
        """Ask by a call that needs them. Raises CallFailed, KeyRefused where they are not taken."""


@runtime_checkable
class CheckoutCloser(Protocol):
    """Has pages at which nobody is to pay any more when they are given up."""

    name: str

    def end(self, address: str) -> None:
        """Let nobody pay at a page any more. Harmless to repeat. Raises CallFailed."""


@runtime_checkable
class RefundSender(Protocol):
    """Gives money back the way it came. Not every provider takes a key by which the same again is not done again, so
    look before giving.
    """

    name: str

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> ProviderResponse:
        """Give it back; `key` is the same for every attempt at one refund. The `provider_id` of what is returned is the
        provider's own of the refund. Raises Unknown when it may or may not have been done.
        """

    def fetch_refund(self, refund_id: str, payment_reference: str) -> ProviderResponse:
        """What became of a refund, by the provider's own id of it. Raises CallFailed."""

    def fetch_refunds(self, payment_reference: str) -> list[RefundRow]:
        """Every refund of a payment, whoever made it. Raises CallFailed unless it is all of them."""


@runtime_checkable
class ChargebackReader(Protocol):
    """Tells how the disputes of payers' banks stand."""

    name: str

    def fetch_chargeback(self, number: str) -> ChargebackReport:
        """How one stands. Raises CallFailed."""

    def fetch_chargebacks(self, payment_reference: str) -> list[ChargebackReport]:
        """How every one about a payment stands. Raises CallFailed unless it is all of them."""


@runtime_checkable
class PayoutSender(Protocol):
    """Sends payouts."""

    name: str
    payout_currencies: Collection[str]
    """Currencies."""

    def register_recipient(self, destination: Destination) -> str:
        """What the provider knows the account by. Harmless to repeat."""

    def send_payout(self, payout: PayoutInstruction) -> ProviderResponse:
        """Send it once: the same reference again sends nothing more. Its answer ends nothing, whatever it says.

        Raises Unknown after a time-out, Exists when the reference is in use, PayoutsHeld and RecipientUnknown.
        """

    def fetch_payout(self, reference: str) -> ProviderResponse:
        """What became of a payout; ABSENT when the provider never heard of it."""

    def payouts(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Payouts of a time, page by page."""


@runtime_checkable
class TransactionLister(Protocol):
    """Tells what it has collected, for reconciliation."""

    name: str

    def payments(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Payments of a time that succeeded, also if they were taken back since, page by page. A row that can't be ours
        or can't be read ends nothing.
        """

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund | SkippedRow]:
        """Refunds of a time, page by page. A row that can't be read ends nothing."""
