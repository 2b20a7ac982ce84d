"""What the desk knows, in plain Python: escrows with their orders, disputes, proposals, and the switch."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.model.plain.amounts import Amounts
from tests.model.plain.books import Account, Books, Legs, Refused
from tests.model.plain.facts import LIMITS, MAY, PEOPLE

Freeze = tuple[str, Any]
"""A cause, and whose or which it is."""


@dataclass
class Escrow:
    """An escrow and its order."""

    buyer: str
    seller: str
    policy: str
    currency: str
    amount: int
    fee: int
    due: datetime | None
    created: datetime
    order: str = "awaiting_payment"
    status: str = "pending_payment"
    hold_no: int = 1
    freezes: set[Freeze] = field(default_factory=set)
    version: int = 1
    waits_for_wallet: bool = False

    @property
    def place(self) -> Account:
        """Where its money is held."""
        if self.policy == "buffer":
            return ("pending", self.seller, self.currency)
        return ("escrow", "", self.currency)


@dataclass
class Payment:
    """An attempt to collect an order's money through a provider."""

    escrow: int
    status: str = "pending"
    has: tuple[int, str] | None = None
    """What its provider collected."""
    is_in_doubt: bool = False
    """Whether that was ever another sum than was asked, or came too late."""
    through: str = ""
    """Whose clearing account gave what is held; a person's word is `manual`."""
    asked: datetime | None = None
    """When its provider was asked about it first."""
    refund: str | None = None
    refunded: tuple[int, str] | None = None
    was_refunded: bool = False
    """Whether its provider ever said that the payer has the refund."""
    is_covered: bool = False
    """Whether a bank made the refund, so that no provider has one."""
    undecided: int = 0
    """What a bank took of it, and nobody has said who bears that."""
    is_borne_outside: bool = False
    """Whether somebody said so when its escrow had gone."""
    version: int = 1


@dataclass
class Dispute:
    """A claim on an escrow."""

    escrow: int
    kind: str
    due: datetime
    """Until when the desk has to decide, or the party that was asked to answer."""
    status: str = "opened"
    resolution: str | None = None
    to_seller: int | None = None
    """The seller's part of the hold by it; None when it moved nothing."""
    version: int = 1
    waits_for: str | None = None
    """Which party was asked."""
    asked: datetime | None = None
    """Since when it has the time, as long as it has."""
    assignee: str | None = None
    written: list[tuple[str, bool]] = field(default_factory=list)
    """To whom, or from whom, each message is; what only the desk reads is `internal`."""
    is_of_bank: bool = False
    """Whether a payer's bank made it."""
    is_by_bank: bool = False
    """Whether it ended because that bank took the money."""

    @property
    def is_open(self) -> bool:
        return self.status not in ("resolved", "withdrawn")

    @property
    def cause(self) -> str:
        return "warranty_claim" if self.kind == "warranty_claim" else "dispute"


@dataclass
class Proposal:
    """A money decision that waits for a second person, or waited."""

    action: str
    subject: Any
    payload: dict[str, Any]
    by: str
    expires: datetime
    escrow: int | None
    version: int
    status: str = "proposed"


@dataclass
class Transfer:
    """What was posted and may be taken back."""

    kind: str
    legs: Legs
    escrow: int | None = None
    hold_no: int = 0
    reference: str = ""
    is_reversed: bool = False
    is_by_bank: bool = False
    """Whether a payer's bank did it."""
    owed: dict[str, int] = field(default_factory=dict)
    """What each party of it owed after it."""
    undone: Legs = field(default_factory=dict)
    undone_owed: dict[str, int] = field(default_factory=dict)
    """The entries by which it was taken back, and what was owed then."""


@dataclass
class Run:
    """A run of which something may have failed, or a retry of one."""

    job: str
    at: datetime
    failed: list[int] = field(default_factory=list)
    """The escrows that it could not pay, for no reason of theirs; or the payouts that failed in it."""


@dataclass
class Mandate:
    """A party's standing order to repay debt."""

    percent: int | None
    daily_max: int | None
    minimum: int | None
    enabled: bool = True


@dataclass
class Chargeback:
    """What a payer's bank wants back of a payment."""

    payment: int
    status: str = ""
    case: int | None = None
    """The dispute of ours that it joined last."""


@dataclass
class Destination:
    """Where a party's payouts in a currency go; a new one waits."""

    party: str
    currency: str
    by: str
    created: datetime
    effective: datetime
    retired: datetime | None = None


@dataclass
class Plan:
    """A payout that is due on a date."""

    party: str
    currency: str
    amount: int
    due: datetime
    guarantee: datetime | None = None
    status: str = "pending"
    tries: int = 0
    last_try: datetime | None = None
    payout: int | None = None
    """Its last payout."""
    told_unpaid: bool = False


@dataclass
class Payout:
    """Money on its way to an account, and what its provider has of it."""

    plan: int
    destination: int
    amount: int
    created: datetime
    next_try: datetime
    status: str = "pending"
    attempts: int = 0
    sent: datetime | None = None
    doubted: datetime | None = None
    settled: datetime | None = None
    recheck: datetime | None = None
    after_all: datetime | None = None
    """Since when its provider says that it was paid, though its money had come back."""
    lost: int = 0
    """What the platform bears of it."""
    was_paid: bool = False
    """Whether its party was ever told so."""
    clawed: tuple[int, int] = (0, 0)
    """What was clawed back of it: out of the wallet, and as a debt."""
    met: int = 0
    """What of it met its own debt when it came back."""
    came_back_to: str = ""
    """Whom its money came back to: the party's wallet, else its `.debt`, or the `.platform`."""
    is_unconfirmed: bool = False
    alarm: bool = False
    """Whether its provider's last word was of another amount."""
    version: int = 1
    there: str | None = None
    has: int = 0


@dataclass
class Subscription:
    """A tenant's right to sell."""

    until: datetime
    status: str = "active"
    by_hand: bool = False
    """Whether a person suspended it."""
    before: datetime | None = None
    """Its date before the last one, as long as that may be taken back."""
    letters: list[str] = field(default_factory=list)
    """What its tenant was told, in its order."""


@dataclass
class Desk:
    """Everything that is known, and what was told since it was last asked."""

    now: datetime
    verified: set[str]
    books: Books = field(default_factory=Books)
    escrows: list[Escrow] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    chargebacks: list[Chargeback] = field(default_factory=list)
    destinations: list[Destination] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    """By tenant."""
    bank_says: str = "queued"
    """What its provider answers to a payout that is sent."""
    held_by: tuple[int, datetime] | None = None
    """While its provider sends none of our payouts: the one that is tried, and from when."""
    mandates: dict[tuple[str, str], Mandate] = field(default_factory=dict)
    repaid: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Repayments by party, currency and local day."""
    deducted: set[tuple[str, str, str]] = field(default_factory=set)
    spent: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """What a person decided alone, by person, UTC day and currency."""
    planned: dict[str, datetime] = field(default_factory=dict)
    """By job the last slot that was dealt with."""
    paused: set[str] = field(default_factory=set)
    is_stopped: bool = False
    events: list[tuple[str, Any]] = field(default_factory=list)
    """Each with the number of what it is about, or a party's or a tenant's name."""
    letters: list[tuple[str, str, Amounts]] = field(default_factory=list)
    """To whom, of what kind, and which amounts it names, besides those that events make."""
    reminded: set[Any] = field(default_factory=set)

    def write_to(self, dispute: Dispute, side: str, kind: str) -> None:
        """One side of a case gets a letter."""
        escrow = self.escrows[dispute.escrow]
        self.letters.append((escrow.buyer if side == "buyer" else escrow.seller, kind, ()))

    def tell(self, about: Any, *events: str) -> None:
        """Tell other systems that something became of this: of one that has a number, or of a name."""
        if not isinstance(about, int | str):
            known = (self.escrows, self.payments, self.disputes, self.plans, self.payouts)
            about = next(number for some in known for number, each in enumerate(some) if each is about)
        self.events += [(event, about) for event in events]

    def require(self, who: str, what: str) -> None:
        """Roles are checked where the action is done."""
        if what not in MAY[PEOPLE[who]]:
            raise Refused(f"{who} may not {what}")

    def flows(self) -> None:
        """The switch stops all outgoing money, of jobs and of people."""
        if self.is_stopped:
            raise Refused("outgoing money is stopped")

    def freeze(self, number: int, cause: str, which: Any) -> None:
        escrow = self.escrows[number]
        if escrow.status != "held" or (cause, which) in escrow.freezes:
            raise Refused("only held money is frozen, once by each")
        escrow.freezes.add((cause, which))
        escrow.version += 1
        self.tell(number, "escrow.frozen")

    def lift(self, number: int, cause: str, which: Any) -> None:
        escrow = self.escrows[number]
        if (cause, which) not in escrow.freezes:
            raise Refused("it is not frozen by this")
        escrow.freezes.remove((cause, which))
        escrow.version += 1
        self.tell(number, "escrow.unfrozen")

    def spend(self, who: str, amount: int, currency: str) -> bool:
        """Whether the person may decide this alone; then it counts."""
        key = (who, self.now.date().isoformat(), currency)
        total = self.spent.get(key, 0) + amount
        if total > LIMITS.get(currency, 0):
            return False
        self.spent[key] = total
        return True

    def waiting(self, action: str, subject: Any) -> Proposal | None:
        """What waits for a second person about this subject."""
        kind = action.partition(".")[0]
        mine = (kind, subject)
        found = [each for each in self.proposals if each.status == "proposed"]
        return next((each for each in found if (each.action.partition(".")[0], each.subject) == mine), None)

    def card_of(self, number: int) -> Payment | None:
        """The payment through which the buyer's part of a hold goes back, if it can: the first hold, once."""
        paid = (each for each in self.payments if each.escrow == number and each.status == "succeeded")
        found = next((each for each in paid if each.through != "manual" and each.refund is None), None)
        return found if self.escrows[number].hold_no == 1 else None

    def claimed_by_banks(self, escrow: int) -> list[int]:
        """The chargebacks that are open about the payments of an escrow."""
        known = enumerate(self.chargebacks)
        return [n for n, each in known if each.status == "open" and self.payments[each.payment].escrow == escrow]

    def undecided_of(self, escrow: int) -> list[int]:
        """The payments of an escrow of which a bank took something that nobody decided about."""
        return [n for n, each in enumerate(self.payments) if each.escrow == escrow and each.undecided]

    def dispute_of(self, escrow: int) -> int | None:
        """The open dispute about an escrow."""
        return next((n for n, each in enumerate(self.disputes) if each.escrow == escrow and each.is_open), None)
