"""A provider that pays out, as the desk sees it: it answers by its mood, and takes a reference once."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, SkippedRow
from webapp.providers.http.errors import Exists, NotDone, PayoutsHeld, ProviderRefused, Unknown
from webapp.providers.protocols import Destination, PayoutInstruction
from webapp.providers.registry import Providers

_STATES = {
    "pending": ProviderStatus.PENDING,
    "success": ProviderStatus.SUCCEEDED,
    "failed": ProviderStatus.FAILED,
    "reversed": ProviderStatus.REVERSED,
}


@dataclass
class There:
    """What it has under one reference; `hidden` is there and not shown."""

    amount: int
    state: str


class Bank:
    """It is told what to answer next, and what becomes of what it has."""

    name: str = "paystack"
    payout_currencies: Collection[str] = ("NGN",)

    def __init__(self) -> None:
        self.mood = "queued"
        self.there: dict[str, There] = {}

    def register_recipient(self, destination: Destination) -> str:
        return f"RCP_{destination.account_number}"

    def send_payout(self, sending: PayoutInstruction) -> ProviderResponse:
        if self.mood == "refused":
            raise ProviderRefused("Recipient is not allowed.")
        if self.mood == "unsent":
            raise NotDone("Try again later.")
        if self.mood == "held":
            raise PayoutsHeld("Your balance is not enough.")
        if sending.reference in self.there:
            raise Exists("Duplicate reference.")
        if self.mood != "lost":
            self.there[sending.reference] = There(sending.amount, "hidden" if self.mood == "hidden" else "pending")
        if self.mood != "queued":
            raise Unknown("No answer.")
        return self.fetch_payout(sending.reference)

    def fetch_payout(self, reference: str) -> ProviderResponse:
        found = self.there.get(reference)
        if found is None or found.state == "hidden":
            return ProviderResponse(reference, ProviderStatus.ABSENT)
        return ProviderResponse(reference, _STATES[found.state], found.amount, "NGN", f"TRF_{reference}", "So it is.")

    def payouts(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        yield from ()

    def turn(self, reference: str, state: str, *, sent: int | None) -> None:
        """Something happens there; `sent` is the amount of what may have arrived."""
        if reference not in self.there:
            if sent is None:
                return
            self.there[reference] = There(sent, state)
        found = self.there[reference]
        if state == "part":
            found.amount //= 2
        found.amount += 1 if state == "other" else 0
        found.state = "success" if state in ("other", "part") else state


class OneBank(Providers):
    """The providers of a desk that pays out through this one."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    @property
    def clients(self) -> dict[str, Bank]:
        return {self.bank.name: self.bank}
