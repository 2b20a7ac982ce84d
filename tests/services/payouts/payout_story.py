"""One payout schedule, its provider as it really is, and what is true of everything that is sent."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import DIVINE, NOW, Market
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, SkippedRow
from webapp.domain.states import AccountKind
from webapp.models import Account, Party, Payout, PayoutDestination, PayoutSchedule, Run
from webapp.providers.http.errors import Exists, NotDone, PayoutsHeld, ProviderRefused, Unknown
from webapp.providers.protocols import Destination, PayoutInstruction
from webapp.services.ledger import posting as ledger_posting
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.payouts.schedules.schedules import NewSchedule

HELD, AMOUNT = 10_000, 4_000
ENDED_UNPAID = ("failed", "reversed", "cancelled")
UNDER_WAY = ("pending", "sending", "sent")
FAULT_MODES = ("queued", "queued", "otp", "success", "refused", "refused", "unsent", "held", "silent", "lost")
HIDES = timedelta(hours=20)
_FATES = {"success": ProviderStatus.SUCCEEDED, "failed": ProviderStatus.FAILED, "reversed": ProviderStatus.REVERSED}
_ON_ITS_WAY = ("pending", "otp", "success")
_NEXT = {
    "pending": ("pending", "otp", "success", "success", "failed", "reversed"),
    "otp": ("otp", "success", "failed"),
    "success": ("success", "failed", "reversed"),
    "failed": ("failed", "failed", "success"),
    "reversed": ("reversed", "reversed", "success"),
}


@dataclass
class There:
    """What a provider has under one reference."""

    amount: int
    by_copy: bool = False
    hidden_until: datetime = NOW
    state: str = "pending"
    was_paid: bool = False
    turned: bool = False
    """Whether its provider changed its mind: it had not paid it, and then it had."""

    @property
    def is_out(self) -> bool:
        """Whether the money has left us, or is about to."""
        return self.state in _ON_ITS_WAY

    def become(self, state: str) -> None:
        self.turned = self.turned or (state in _ON_ITS_WAY and not self.is_out)
        self.state, self.was_paid = state, self.was_paid or state == "success"


@dataclass
class Bank:
    """A provider that pays out, answers or doesn't, and takes a reference once."""

    dice: Random
    at: datetime
    on_send: Callable[[PayoutInstruction], None]
    there: dict[str, There] = field(default_factory=dict)
    refused_as_there: set[str] = field(default_factory=set)
    """References that it refused for being there already."""
    is_honest: bool = False
    name: str = "paystack"
    payout_currencies: Collection[str] = ("NGN",)

    def register_recipient(self, destination: Destination) -> str:
        raise AssertionError("every account is known here")

    def payouts(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        yield from ()

    def send_payout(self, sending: PayoutInstruction) -> ProviderResponse:
        self.on_send(sending)
        fault_mode = "queued" if self.is_honest else self.dice.choice(FAULT_MODES)
        if fault_mode == "refused":  # It may look at other things before the reference.
            raise ProviderRefused("Recipient is not allowed.")
        if fault_mode == "unsent":
            raise NotDone("Try again later.")
        if fault_mode == "held":
            raise PayoutsHeld("Your balance is not enough.")
        if sending.reference in self.there:
            self.refused_as_there.add(sending.reference)
            raise Exists("Duplicate reference.")
        if fault_mode == "lost":
            raise Unknown("No answer.")
        made = There(sending.amount)
        self.there[sending.reference] = made
        made.become({"otp": "otp", "success": "success"}.get(fault_mode, "pending"))
        if fault_mode == "silent":
            made.hidden_until = self.at + self.dice.choice((timedelta(0), HIDES))
            raise Unknown("No answer.")
        return ProviderResponse(
            sending.reference, ProviderStatus.PENDING, sending.amount, "NGN", "TRF_1", needs_person=fault_mode == "otp"
        )

    def fetch_payout(self, reference: str) -> ProviderResponse:
        if not self.is_honest and self.dice.random() < 0.1:
            raise self.dice.choice((Unknown("No answer."), ProviderRefused("Not now.")))
        found = self.there.get(reference)
        if found is None or found.hidden_until > self.at:
            return ProviderResponse(reference, ProviderStatus.ABSENT)
        return ProviderResponse(
            reference, _FATES.get(found.state, ProviderStatus.PENDING), found.amount, "NGN", "TRF_1"
        )

    def moves(self) -> None:
        """Something happens there by itself."""
        for each in self.there.values():
            each.become(self.dice.choice(_NEXT[each.state]))

    def settles(self) -> None:
        """What is under way there is paid."""
        for each in self.there.values():
            each.become("success" if each.is_out else each.state)


class Books:
    """A party with a schedule and an account, and what the desk's records say about them."""

    def __init__(self, market: Market, dice: Random) -> None:
        self.session: Session = market.session
        self.settings = market.runtime.settings
        self.dice, self.at = dice, NOW
        self.bank = Bank(dice, NOW, self.on_send)
        self.runtime: Any = SimpleNamespace(
            settings=self.settings, providers=SimpleNamespace(payout_senders={"paystack": self.bank})
        )
        self.party = market.party("worker", wallet=HELD).id
        self.market = market
        self.expected: dict[int, tuple[int, int]] = {}
        self.kept: dict[int, int] = {}
        self.destination(ago=timedelta(days=2))
        new = NewSchedule(f"plan-{self.party}", self.party, AMOUNT, "NGN", NOW - timedelta(minutes=1))
        self.plan_id = payout_schedules.create(self.session, new, at=NOW, actor=DIVINE).id
        self.base = self.balance(AccountKind.CLEARING, owner="paystack")

    def on_send(self, sending: PayoutInstruction) -> None:
        """What is sent is what somebody meant, to where somebody meant it, and it is the only one."""
        self.session.expire_all()
        payout = self.session.scalars(select(Payout).where(Payout.ref == sending.reference)).one()
        amount, destination = self.expected[payout.id]
        assert (sending.amount, sending.recipient) == (amount, f"RCP_{destination}"), "not what was read or planned"
        to = self.session.get_one(PayoutDestination, destination)
        in_use = self.in_use()
        if to.retired_at is not None:
            assert in_use is not None, "sent to a retired account, and there is no other"
            assert self.kept.get(payout.id) == in_use.id, "sent to a retired account without a person's word"
        assert to.effective_at is not None
        assert to.effective_at <= self.at, "sent to an account that waits"
        for other in self.payouts():
            if other.id != payout.id:
                assert other.status not in ("sending", "sent", "succeeded"), f"{other.ref} of it is {other.status}"
                assert other.paid_after_all_at is None, f"{other.ref} of it was paid after all"

    def destination(self, *, ago: timedelta = timedelta(0)) -> int:
        """The party has another account, set so long ago."""
        to = NewDestination("NGN", "nuban", "058", f"{self.dice.randrange(10**10):010}", "Kofi Mensah")
        how: ByActorUnderSettings = {"at": self.at - ago, "actor": DIVINE, "settings": self.settings}
        made = payout_destinations.put(self.session, self.party, to, **how)
        made.recipient = f"RCP_{made.id}"
        self.session.flush()
        return made.id

    def in_use(self) -> PayoutDestination | None:
        return next(iter(payout_destinations.in_use(self.session, self.party)), None)

    def plan(self) -> PayoutSchedule:
        return payout_schedules.get(self.session, self.plan_id)

    def terms(self) -> str:
        """What a page shows now."""
        return payout_terms.of(self.session, self.plan()).stamp

    def payouts(self) -> list[Payout]:
        mine = select(Payout).where(Payout.schedule_id == self.plan_id).order_by(Payout.id)
        return list(self.session.scalars(mine))

    def party_ref(self) -> str:
        return self.session.get_one(Party, self.party).ref

    def balance(self, kind: AccountKind, *, owner: str | None = None) -> int:
        ledger_posting.settle_pools(self.session)
        mine = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.kind == kind)
        if owner is not None:
            mine = mine.where(Account.owner == owner)
        return int(self.session.scalars(mine).one())

    def finish_runs(self) -> None:
        """Nothing is in the way of another run."""
        self.session.execute(update(Run).values(status="succeeded"))
