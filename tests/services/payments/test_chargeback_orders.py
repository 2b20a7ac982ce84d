"""Every order of what a payer's bank and people do to one payment: the bank's taking is booked once, everything ends.

    CHARGEBACK_ORDERS=20000 python -m pytest tests/services/payments/test_chargeback_orders.py -k random -s

tries so many orders, and prints the seed; `CHARGEBACK_SEED` tries the same ones again.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom

import pytest
from sqlalchemy import func, select

from tests.services.payments.test_taken_back_orders import PRICE, WHY, World
from tests.support.arguments import ByActorUnderSettings, OfVersion
from tests.support.market import AMINA, DIVINE, NOW, Market, Undone, forgotten, undone
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import CLOSED_DISPUTES, AccountKind, ChargebackStatus, EscrowStatus, FreezeCause
from webapp.models import Account, Chargeback, Dispute, Escrow, Freeze, Transfer
from webapp.runtime import Runtime
from webapp.services.disputes import disputes
from webapp.services.escrows import freezes
from webapp.services.payments.reversals import decisions as reversal_decisions

BANK = ("created", "reminded", "won", "lost", "accepted", "partly", "late")
PEOPLE = ("release", "night", "refund", "split", "reversal", "open", "withdraw", "no_fault", "to_buyer", "to_seller")
DECISIONS = ("claw_back", "write_off", "give_again", "refund_rest", "freeze", "send")
STEPS = (*BANK, *BANK, *PEOPLE, *DECISIONS)
LIABILITY = ("ask", "ask", "seller", "platform")
PART = 1_500
LOST = (ChargebackStatus.LOST, ChargebackStatus.ACCEPTED)
MANY = int(os.environ.get("CHARGEBACK_ORDERS", "0"))
SEED = int(os.environ.get("CHARGEBACK_SEED") or (SystemRandom().randrange(10**9) if MANY else 17))


@dataclass(frozen=True)
class Order:
    """What happens, and around it: what the bank wants, whether the provider marks what it took, whose loss it is."""

    steps: tuple[str, ...]
    amount: int = PRICE
    marked: bool = True
    liability: str = "ask"


KNOWN = (
    Order(("created", "accepted", "refund", "send")),
    Order(("open", "created", "lost", "withdraw", "night")),
    Order(("created", "lost", "withdraw", "night"), 4_000),
    Order(("night", "created", "lost", "reversal", "refund"), 4_000),
    Order(("night", "created", "reversal", "lost", "night")),
    Order(("refund", "created", "lost", "send")),
    Order(("created", "partly", "lost", "won", "give_again"), 4_000, marked=False),
    Order(("night", "lost", "won", "lost"), 4_000, liability="platform"),
    Order(("refund", "partly", "won", "send")),
    Order(("refund", "lost", "won", "send")),
    Order(("refund", "partly", "send", "won")),
    Order(("lost", "withdraw", "refund", "late", "send"), 4_000),
)


class Story(World):
    """A payment, its bank, its provider and the desk, with everything that people do."""

    def __init__(self, market: Market) -> None:
        super().__init__(market, PRICE, marked=True)
        self.held = super().escrow().id
        self.usual = self.about

    def begin(self, order: Order) -> None:
        """Paid and held; nothing has happened yet."""
        self.bank, self.by_hand, self.sent = None, [], []
        self.wanted, self.marked = order.amount, order.marked
        self.about = self.usual.model_copy(update={"chargeback_liability": order.liability})

    def escrow(self) -> Escrow:
        return self.session.get_one(Escrow, self.held)

    def step(self, name: str) -> None:
        cases, status = self._cases(), self.escrow().status
        if name == "partly":
            self.wanted = min(PART, self.wanted)
            self.bank_says("lost")
        elif name == "late":
            self.ask_again()
        else:
            super().step(name)
        if name in BANK:
            self._check_bank(cases, status)

    def _check_bank(self, cases: int, status: str) -> None:
        """The bank's word opens no case but for held money that it asks for, and takes what is held at once."""
        asks = self.bank == ChargebackStatus.OPEN and status == EscrowStatus.HELD
        assert self._cases() == cases or asks, "a case was opened that nobody needs"
        if self.escrow().status == EscrowStatus.HELD and self.bank in LOST:
            assert self.paid().undecided_amount <= 0, "the bank has it, and it is held still"

    def check(self) -> None:
        """What holds after every step."""
        escrow = self.escrow()
        mine = select(Freeze.cause).where(Freeze.escrow_id == escrow.id, Freeze.lifted_at.is_(None))
        causes = list(self.session.scalars(mine))
        assert len(causes) == escrow.freezes
        assert not causes or escrow.status == EscrowStatus.HELD, "what has ended is frozen"
        taken = self.session.scalars(select(Chargeback)).all()
        gave_back = self.paid().undecided_amount < 0
        assert gave_back or all(each.unbooked_amount >= 0 for each in taken), "what the bank took is booked twice"
        is_open = self.bank == ChargebackStatus.OPEN and escrow.status == EscrowStatus.HELD
        assert (FreezeCause.CHARGEBACK in causes) == is_open, "its freeze is as long as the bank's claim"

    def check_end(self) -> None:
        super().check()
        super().check_end()
        escrow = self.escrow()
        buyer = sum(self.gone()) + self._of(escrow.buyer_id)
        losses = -self._pool(AccountKind.LOSSES)
        assert buyer <= PRICE + losses, "the buyer got more than came in"
        assert self._of(escrow.seller_id) <= PRICE, "the seller got more than came in"
        taken = self.session.scalars(select(Chargeback)).all()
        assert all(each.unbooked_amount == 0 for each in taken), "what the bank took is booked whole"

    def refused(self, name: str) -> None:
        pass

    def _do(self, name: str) -> None:
        if name == "freeze":
            freezes.freeze(self.session, self.escrow().id, WHY, at=NOW, actor=AMINA)
        elif name == "reversal":
            self._reverse()
        elif name in ("no_fault", "to_buyer", "to_seller"):
            self._resolve({"to_buyer": "refund_to_buyer", "to_seller": "release_to_seller"}.get(name, name))
        else:
            super()._do(name)

    def _reverse(self) -> None:
        mine = (
            Transfer.escrow_id == self.escrow().id,
            Transfer.is_disbursement,
            Transfer.hold_no == self.escrow().hold_no,
        )
        out = self.session.scalars(select(Transfer).where(*mine)).one_or_none()
        if out is None:
            return
        how: ByActorUnderSettings = {"at": NOW, "actor": DIVINE, "settings": self.about}
        reversal_decisions.reverse(self.session, out.id, WHY, to_debt=True, **how)
        for each in freezes.open_freezes(self.session, self.escrow().id):
            if each.cause == FreezeCause.PERSON:
                freezes.unfreeze(self.session, each.id, WHY, at=NOW, actor=DIVINE)

    def _resolve(self, resolution: str) -> None:
        mine = (Dispute.escrow_id == self.escrow().id, Dispute.status.not_in(CLOSED_DISPUTES))
        dispute = self.session.scalars(select(Dispute).where(*mine)).one_or_none()
        if dispute is not None:
            how: OfVersion = {"version": dispute.version, "at": NOW, "actor": DIVINE, "settings": self.about}
            disputes.resolve(self.session, dispute.id, DisputeResolution(resolution, "policy", WHY), **how)

    def end(self) -> None:
        """The bank comes to its end, people decide what waits, and what is to be sent is sent."""
        if self.bank == ChargebackStatus.OPEN:
            self.bank_says("lost")
        for _ in range(4):
            self.send()
            self.ask_again()
            undecided = self.paid().undecided_amount
            if not undecided:
                break
            for action in ("claw_back", "write_off") if undecided > 0 else ("give_again",):
                self._tried(action)
        self._tried("withdraw")
        for each in freezes.open_freezes(self.session, self.escrow().id):
            if each.cause == FreezeCause.PERSON:
                freezes.unfreeze(self.session, each.id, WHY, at=NOW, actor=DIVINE)

    def _cases(self) -> int:
        return self.session.scalars(select(func.count()).select_from(Dispute)).one()

    def _of(self, party_id: int) -> int:
        """What a party has, less what it owes."""
        mine = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.party_id == party_id)
        return int(self.session.scalars(mine).one())

    def _pool(self, kind: AccountKind) -> int:
        mine = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.kind == kind)
        return int(self.session.scalars(mine).one())


def orders(random: Random, number: int) -> Iterator[Order]:
    """So many, the same for the same seed."""
    for _ in range(number):
        steps = tuple(random.choices(STEPS, k=random.randint(2, 8)))
        amount = random.choice((PRICE, PRICE, 4_000, 1))
        yield Order(steps, amount, random.random() < 0.6, random.choice(LIABILITY))


def tell(runtime: Runtime, told: Sequence[Order]) -> None:
    """Each order on the same desk, which forgets it afterwards. Names the order that goes wrong."""
    with forgotten(runtime) as market:
        market.limit(10**15)
        story = Story(market)
        for number, order in enumerate(told):
            try:
                with undone(market.session):
                    _tell(story, order)
                    raise Undone
            except Undone:
                market.session.expunge_all()
            except BaseException:
                print(f"\nseed {SEED}, order {number}: {order}")
                raise


def _tell(story: Story, order: Order) -> None:
    story.begin(order)
    for name in order.steps:
        story.step(name)
        story.check()
    story.end()
    story.check_end()


@pytest.mark.parametrize("order", KNOWN, ids=lambda order: "-".join(order.steps))
def test_known_orders_end_right(sqlite_runtime: Runtime, order: Order) -> None:
    tell(sqlite_runtime, [order])


def test_known_orders_end_right_on_postgresql(pg_runtime: Runtime) -> None:
    tell(pg_runtime, KNOWN)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_random_orders_end_right(sqlite_runtime: Runtime) -> None:
    print(f"\nseed {SEED}")
    tell(sqlite_runtime, list(orders(Random(SEED), MANY or 40)))
