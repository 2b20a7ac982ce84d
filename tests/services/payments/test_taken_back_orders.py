"""Any order of what a bank, a provider and people do to one payment: money goes once, and everything ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.support.arguments import OfVersion
from tests.support.market import AMINA, DIVINE, NOW, Market, forgotten
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.providers.provider_results import ChargebackReport, ProviderResponse, ProviderStatus, ReturnedAmount
from webapp.domain.states import CLOSED_DISPUTES, AccountKind, ChargebackStatus, EscrowStatus, FreezeCause
from webapp.errors import Refusal
from webapp.models import Account, Alert, Dispute, Escrow, Freeze, Payment
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, executors
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes
from webapp.services.escrows import release as escrow_release
from webapp.services.ledger import integrity_checks
from webapp.services.ledger import posting as ledger_posting
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement

WHY = "It is so."
JOB = replace(job_actor("handle_webhooks"), permissions=frozenset({"money:move"}))
PRICE, FEE = 10_000, 500
BANK = {
    "created": ChargebackStatus.OPEN,
    "reminded": ChargebackStatus.OPEN,
    "won": ChargebackStatus.WON,
    "lost": ChargebackStatus.LOST,
    "accepted": ChargebackStatus.ACCEPTED,
}
PEOPLE = (
    "release",
    "night",
    "refund",
    "split",
    "open",
    "withdraw",
    "claw_back",
    "refund_rest",
    "write_off",
    "give_again",
)
STEPS = (*BANK, *PEOPLE, "by_hand", "send", "ask_again")
MOST = int(os.environ.get("TAKEN_BACK_EXAMPLES", "25"))


class World:
    """One payment by card, its provider and its payer's bank as they really are, and the desk."""

    def __init__(self, market: Market, amount: int, marked: bool) -> None:
        self.market, self.session, self.about = market, market.session, market.runtime.settings
        self.wanted, self.marked = amount, marked
        self.bank: ChargebackStatus | None = None
        self.by_hand: list[int] = []
        self.sent: list[int] = []
        buyer, seller = market.party("buyer"), market.party("seller")
        new = NewOrder("o-1", buyer.id, seller.id, PRICE, "NGN", fee=FEE, release_at=NOW - timedelta(hours=1))
        self.order = orders.create(self.session, new, at=NOW, actor=DIVINE, settings=self.about).id
        made = payments.create(self.session, self.order, "paystack", at=NOW, actor=DIVINE, settings=self.about)
        self.payment = made.id
        self.ask_again()

    # what the outside does

    def bank_says(self, word: str) -> None:
        """What the webhook's name is does not matter: the desk is told how it stands."""
        self.bank = BANK[word]
        self.ask_again()

    def hand(self) -> None:
        left = PRICE - sum(self.gone())
        if left > 0:
            self.by_hand.append(max(1, left // 3))
        self.ask_again()

    def gone(self) -> list[int]:
        """Everything that has left the provider, each sum once."""
        taken = [self.wanted] if self.bank in (ChargebackStatus.LOST, ChargebackStatus.ACCEPTED) else []
        return [*self.by_hand, *self.sent, *taken]

    def ask_again(self) -> None:
        """As a webhook, a job or a person does: how does it stand?"""
        if self.bank is not None:
            charged = ChargebackReport("7", self.bank, "r", self.wanted, "NGN")
            chargebacks.settle(self.session, self.payment, charged, at=NOW, actor=JOB, settings=self.about)
        rows = [ReturnedAmount(amount) for amount in (*self.by_hand, *self.sent)]
        if self.marked and self.bank in (ChargebackStatus.LOST, ChargebackStatus.ACCEPTED):
            rows.append(ReturnedAmount(self.wanted, "7"))
        seen = ProviderResponse("r", ProviderStatus.SUCCEEDED, PRICE, "NGN", "77", given_back=tuple(rows))
        payment_settlement.settle_all(self.session, {self.payment: seen}, at=NOW, actor=JOB, settings=self.about)
        self.session.expire_all()

    def send(self) -> None:
        """What is to be given back is sent; the provider gives no more than it has."""
        for giving in refunds.claim_due(self.session, NOW, 9, timedelta(minutes=3)):
            fits = giving.amount <= PRICE - sum(self.gone())
            if fits:
                self.sent.append(giving.amount)
            status = ProviderStatus.SUCCEEDED if fits else ProviderStatus.FAILED
            word = ProviderResponse("r", status, giving.amount, "NGN", "5")
            refund_settlement.settle_all(self.session, {giving.id: word}, at=NOW, actor=JOB)
        self.session.expire_all()

    # what people and jobs do

    def step(self, name: str) -> None:
        if name in BANK:
            self.bank_says(name)
        elif name in ("by_hand", "send", "ask_again"):
            {"by_hand": self.hand, "send": self.send, "ask_again": self.ask_again}[name]()
        else:
            self._tried(name)

    def _tried(self, name: str) -> None:
        """An action, which may be refused; what is undecided or with the bank is never paid out by it."""
        before, blocked = self.escrow().status, self._is_blocked()
        try:
            with _savepoint(self.session):
                self._do(name)
        except Refusal:
            self.refused(name)
            return
        self.session.expire_all()
        left = before == EscrowStatus.HELD and self.escrow().status != EscrowStatus.HELD
        if left and blocked:
            assert name in ("claw_back", "refund_rest"), f"{name} paid out what was taken back, or is with the bank"

    def refused(self, name: str) -> None:
        event(f"{name}: refused")

    def _do(self, name: str) -> None:
        if name == "night":
            escrow_release.release_all(
                self.session, [self.escrow().id], at=NOW, actor=JOB, reason="deadline", due_by=NOW
            )
        elif name in ("release", "refund"):
            self._decide(f"escrow.{name}", self.escrow().id)
        elif name == "open":
            new = NewDispute(self.escrow().id, "buyer", "late", "It is late.")
            disputes.open_dispute(self.session, new, at=NOW, actor=AMINA, settings=self.about)
        elif name in ("withdraw", "split"):
            self._of_dispute(name)
        else:
            self._decide(f"payment.{name}", self.payment)

    def _decide(self, action: str, subject: int) -> None:
        payload = executors.find(action).payload(reason=WHY)
        approvals.decide(self.session, action, subject, payload, at=NOW, actor=DIVINE, settings=self.about)

    def _of_dispute(self, name: str) -> None:
        mine = (Dispute.escrow_id == self.escrow().id, Dispute.status.not_in(CLOSED_DISPUTES))
        dispute = self.session.scalars(select(Dispute).where(*mine)).one_or_none()
        if dispute is None:
            return
        how: OfVersion = {"version": dispute.version, "at": NOW, "actor": DIVINE, "settings": self.about}
        if name == "withdraw":
            disputes.withdraw(self.session, dispute.id, WHY, **how)
        else:
            held = self.escrow().amount
            if held > 1:
                resolution = DisputeResolution("split", "policy", WHY, held // 2, held - held // 2)
                disputes.resolve(self.session, dispute.id, resolution, **how)

    def end(self) -> None:
        """The bank comes to its end, people decide what waits, and what is to be sent is sent."""
        if self.bank == ChargebackStatus.OPEN:
            self.bank_says("lost")
        for _ in range(3):
            self.send()
            self.ask_again()
            for action in ("withdraw", "claw_back", "write_off", "give_again"):
                self._tried(action)
        self._tried("withdraw")
        self._unfreeze()

    def _unfreeze(self) -> None:
        """A person looks at what is held again because it was given again; nobody froze anything else here."""
        mine = (Freeze.escrow_id == self.escrow().id, Freeze.cause == FreezeCause.PERSON, Freeze.lifted_at.is_(None))
        for freeze in self.session.scalars(select(Freeze).where(*mine)).all():
            assert freeze.reason.startswith("Given again")
            freezes.unfreeze(self.session, freeze.id, WHY, at=NOW, actor=DIVINE)

    # what has to hold

    def check(self) -> None:
        ledger_posting.settle_pools(self.session)
        assert list(integrity_checks.checks(self.session)) == []

    def check_end(self) -> None:
        self.check()
        payment = self.paid()
        assert (payment.status, payment.undecided_amount) == ("succeeded", 0)
        assert self._balance(AccountKind.CLEARING) == sum(self.gone()) - PRICE, "each sum is booked once, and whole"
        firing = select(Alert.rule).where(Alert.status != "resolved", Alert.rule != "refund_failed")
        assert list(self.session.scalars(firing)) == []
        if self.escrow().status == EscrowStatus.HELD:
            assert self.escrow().freezes == 0

    def escrow(self) -> Escrow:
        return orders.escrow_of(self.session, self.order)

    def paid(self) -> Payment:
        return payments.get(self.session, self.payment)

    def _is_blocked(self) -> bool:
        return self.bank == ChargebackStatus.OPEN or self.paid().undecided_amount > 0

    def _balance(self, kind: AccountKind) -> int:
        mine = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.kind == kind)
        return int(self.session.scalars(mine.where(Account.owner == "paystack")).one())


def run(runtime: Runtime, steps: list[str], amount: int, marked: bool) -> None:
    with forgotten(runtime) as market:
        market.limit(10**15)
        world = World(market, amount, marked)
        for name in steps:
            world.step(name)
            world.check()
        world.end()
        world.check_end()


ORDERS = st.lists(st.sampled_from(STEPS), min_size=1, max_size=9)


@pytest.mark.timeout(900)
@settings(max_examples=MOST, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(steps=ORDERS, amount=st.sampled_from((PRICE, 4_000, 1)), marked=st.booleans())
@example(steps=["created", "withdraw", "night"], amount=PRICE, marked=False)
@example(steps=["by_hand", "night"], amount=PRICE, marked=False)
@example(steps=["refund", "created", "lost"], amount=PRICE, marked=False)
@example(steps=["refund", "by_hand"], amount=PRICE, marked=False)
@example(steps=["refund", "created", "by_hand"], amount=PRICE, marked=False)
@example(steps=["refund", "send", "created", "lost"], amount=PRICE, marked=True)
@example(steps=["by_hand", "created", "lost"], amount=PRICE, marked=False)
@example(steps=["night", "lost", "claw_back", "won", "give_again"], amount=4_000, marked=True)
@example(steps=["lost", "won"], amount=PRICE, marked=False)
def test_in_any_order_money_goes_once_and_everything_ends(
    sqlite_runtime: Runtime, steps: list[str], amount: int, marked: bool
) -> None:
    run(sqlite_runtime, steps, amount, marked)


@pytest.mark.timeout(900)
@settings(
    max_examples=max(5, MOST // 10),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(steps=ORDERS, amount=st.sampled_from((PRICE, 4_000, 1)), marked=st.booleans())
@example(steps=["by_hand", "night"], amount=PRICE, marked=False)
@example(steps=["refund", "created", "lost"], amount=PRICE, marked=False)
def test_in_any_order_on_postgresql(pg_runtime: Runtime, steps: list[str], amount: int, marked: bool) -> None:
    run(pg_runtime, steps, amount, marked)


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    """An action that is refused leaves nothing, as the transaction at the edge would see to."""
    from tests.support.market import undone

    with undone(session):
        yield
