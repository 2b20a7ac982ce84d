"""What is shown before a decision is what is posted by it: entry by entry, balance by balance, whatever the case."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.arguments import ByActor, ByLockedActor, UnderSettings
from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, forgotten
from webapp.domain.actors import job_actor
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderStatus, ReturnedAmount
from webapp.domain.states import Policy
from webapp.errors import Refusal
from webapp.models import Account, Entry, Escrow, Order, Party, Payment, PayoutDestination, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, executors
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes
from webapp.services.ledger import posting as ledger_posting
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.read_models import decision_preview
from webapp.services.read_models.decision_preview import DecisionPreview

WHY = "It is right so."
JOB = job_actor("check_pending_payments")
MOST = 10**12
_ORDERS = count(2)


@dataclass(frozen=True)
class Case:
    """One escrow, and what is around it when somebody decides."""

    action: str
    currency: str
    amount: int
    fee: int
    policy: Policy
    buyer_has_wallet: bool
    seller_has_wallet: bool
    by_card: bool
    surplus: int
    kind: str
    resolution: str
    to_buyer: int
    spent: int
    """What the one who was paid has spent since, when the transfer is reversed."""
    to_debt: bool
    held_again: bool
    """Whether it was released, spent and reversed to a debt before."""
    is_above_limit: bool


@st.composite
def cases(draw: st.DrawFn) -> Case:
    amount = draw(st.one_of(st.integers(1, 12), st.integers(1, MOST)))
    return Case(
        action=draw(st.sampled_from(sorted(SCENES))),
        currency=draw(st.sampled_from(("RWF", "NGN", "KWD"))),
        amount=amount,
        fee=draw(st.one_of(st.just(0), st.just(amount), st.integers(0, amount))),
        policy=draw(st.sampled_from(list(Policy))),
        buyer_has_wallet=draw(st.booleans()),
        seller_has_wallet=draw(st.sampled_from((True, True, True, False))),
        by_card=draw(st.booleans()),
        surplus=draw(st.one_of(st.just(0), st.integers(1, MOST))),
        kind=draw(st.sampled_from(("dispute", "warranty_claim"))),
        resolution=draw(st.sampled_from(("release_to_seller", "refund_to_buyer", "split", "no_fault"))),
        to_buyer=draw(st.integers(0, amount)),
        spent=draw(st.one_of(st.just(0), st.just(amount), st.integers(0, amount))),
        to_debt=draw(st.booleans()),
        held_again=draw(st.booleans()),
        is_above_limit=draw(st.booleans()),
    )


class Scene:
    """What is there before the decision."""

    def __init__(self, market: Market, case: Case) -> None:
        self.market, self.case, self.session, self.about = market, case, market.session, market.runtime.settings
        self.buyer = self._party("buyer", case.buyer_has_wallet)
        self.seller = self._party("seller", case.seller_has_wallet)

    def order(self, terms: str) -> Order:
        case = self.case
        new = NewOrder("o-1", self.buyer, self.seller, case.amount, case.currency, case.policy, terms, case.fee)
        if case.policy == Policy.PLACEMENT:
            new = replace(new, release_at=NOW + timedelta(days=9), placement="P-1")
        return orders.create(self.session, new, at=NOW, actor=DIVINE, settings=self.about)

    def held(self) -> Escrow:
        """Money that came by card, or another way."""
        order = self.order("unpaid" if self.case.by_card else "paid")
        if self.case.by_card:
            self.heard(self.payment(order), ProviderStatus.SUCCEEDED, 0)
        escrow = orders.escrow_of(self.session, order.id)
        if self.case.held_again and self.case.seller_has_wallet:
            self._hold_again(escrow)
        return escrow

    def _hold_again(self, escrow: Escrow) -> None:
        self._do("escrow.release", escrow.id)
        self._spend(self.seller)
        left = select(Transfer.id).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)
        self._do("transfer.reverse", self.session.scalars(left).one(), to_debt=True)
        for freeze in freezes.open_freezes(self.session, escrow.id):
            freezes.unfreeze(self.session, freeze.id, WHY, at=NOW, actor=DIVINE)
        self.session.expire_all()

    def payment(self, order: Order) -> int:
        return payments.create(self.session, order.id, "paystack", at=NOW, actor=DIVINE, settings=self.about).id

    def heard(self, payment_id: int, status: ProviderStatus, surplus: int) -> None:
        word = ProviderResponse("r", status, self.case.amount + surplus, self.case.currency, "77")
        payment_settlement.settle_all(self.session, {payment_id: word}, at=NOW, actor=JOB, settings=self.about)
        self.session.expire_all()

    def in_review(self) -> int:
        """A payment that came with too much, or too late."""
        payment = self.payment(self.order("unpaid"))
        if not self.case.surplus:
            self.heard(payment, ProviderStatus.FAILED, 0)
        self.heard(payment, ProviderStatus.SUCCEEDED, self.case.surplus)
        return payment

    def taken(self, *, then_given_again: bool = False) -> int:
        """A payment by card of which the provider took some back: held still, paid out, or split."""
        case = self.case
        order = self.order("unpaid")
        payment = self.payment(order)
        self.heard(payment, ProviderStatus.SUCCEEDED, 0)
        escrow = orders.escrow_of(self.session, order.id)
        if case.seller_has_wallet and case.to_debt:
            self._do("escrow.release", escrow.id)
            self._spend(self.seller)
        self._taken(payment, max(1, case.to_buyer))
        if then_given_again:
            self._do("payment.write_off" if case.kind == "dispute" else "payment.claw_back", payment)
            self._taken(payment, case.to_buyer // 2)
        return payment

    def besides(self, *, marked_by_hand: bool = False) -> int:
        """What was collected besides a payment, or for one that was marked paid by hand."""
        payment = self.payment(self.order("unpaid"))
        if marked_by_hand:
            self._do("payment.mark_paid", payment)
        else:
            self.heard(payment, ProviderStatus.SUCCEEDED, 0)
        more = ProviderResponse(
            "r", ProviderStatus.SUCCEEDED, self.case.amount + self.case.surplus, self.case.currency, "78"
        )
        word = more if marked_by_hand else replace(more, provider_id="77", others=(more,))
        payment_settlement.settle_all(self.session, {payment: word}, at=NOW, actor=JOB, settings=self.about)
        self.session.expire_all()
        return self.session.scalars(select(Payment.id).where(Payment.duplicate_of_id == payment)).one()

    def _taken(self, payment_id: int, amount: int) -> None:
        back = (ReturnedAmount(amount),) if amount else ()
        word = ProviderResponse(
            "r", ProviderStatus.SUCCEEDED, self.case.amount, self.case.currency, "77", given_back=back
        )
        payment_settlement.settle_all(self.session, {payment_id: word}, at=NOW, actor=JOB, settings=self.about)
        self.session.expire_all()

    def _do(self, action: str, subject: int, **said: Any) -> None:
        decision = executors.find(action).payload(reason=WHY, **said)
        how: ByLockedActor = {"at": NOW, "actor": AMINA.entrusted_with("money:move"), "locked": True}
        executors.compute(self.session, action, subject, decision, **how).post()
        ledger_posting.settle_pools(self.session)

    def disputed(self) -> int:
        new = NewDispute(self.held().id, "buyer", "late", "It is late.", self.case.kind)
        return disputes.open_dispute(self.session, new, at=NOW, actor=AMINA, settings=self.about).id

    def left(self) -> int:
        """The transfer by which it left, some of which is spent by now."""
        case = self.case
        action = "escrow.release" if case.seller_has_wallet else "escrow.refund"
        escrow = self.held()
        self._do(action, escrow.id)
        self._spend(self.seller if case.seller_has_wallet else self.buyer)
        leaving = select(Transfer.id).where(Transfer.escrow_id == escrow.id, Transfer.is_disbursement)
        return self.session.scalars(leaving.order_by(Transfer.id.desc()).limit(1)).one()

    def _spend(self, paid: int) -> None:
        case = self.case
        there = min(case.spent, _wallet(self.session, paid, case.currency))
        if there:
            other = self._party("other", True)
            new = NewOrder(f"o-{next(_ORDERS)}", paid, other, there, case.currency, terms="wallet")
            orders.create(self.session, new, at=NOW, actor=DIVINE, settings=self.about)

    def doubted(self) -> int:
        """A payout that its provider may have."""
        case = self.case
        how: ByActor = {"at": NOW, "actor": DIVINE}
        money.deposit(self.session, self.seller, case.amount, case.currency, reference="to be paid", **how)
        to = PayoutDestination(party_id=self.seller, currency=case.currency, kind="nuban", bank_code="058")
        to.account_name, to.account_encrypted, to.account_ending = "Kofi Mensah", "", "6789"
        to.created_at, to.created_by = NOW, "Divine"
        self.session.add(to)
        self.session.flush()
        new = NewSchedule("plan", self.seller, case.amount, case.currency, NOW)
        plan = payout_schedules.create(self.session, new, **how)
        payout_creation.create_all(self.session, [plan.id], at=NOW, actor=JOB, routes={case.currency: "paystack"})
        [taken] = payouts.claim_due(self.session, NOW, 1, timedelta(minutes=3), ["paystack"])
        word = NoResponse("It is there already.", is_answer=True, is_there=True)
        payout_settlement.settle_all(self.session, {taken.id: word}, at=NOW, actor=JOB)
        self.session.expire_all()
        return taken.id

    def paid_after_all(self) -> int:
        """A payout that failed, and went through after its money had come back; some of that is spent by now."""
        number = self.doubted()
        for status in (ProviderStatus.FAILED, ProviderStatus.SUCCEEDED):
            word = ProviderResponse("payout", status, self.case.amount, self.case.currency)
            payout_settlement.settle_all(self.session, {number: word}, at=NOW, actor=JOB)
        self.session.expire_all()
        self._spend(self.seller)
        return number

    def in_debt(self) -> int:
        """A party that owes something, and perhaps has it."""
        how: ByActor = {"at": NOW, "actor": DIVINE}
        owed, has = self.case.to_buyer, self.case.spent
        for book, amount, reference in ((money.owe, owed, "owed"), (money.deposit, has, "has")):
            if amount:
                book(self.session, self.seller, amount, self.case.currency, reference=reference, **how)
        return self.seller

    def _party(self, name: str, has_wallet: bool) -> int:
        return self.market.party(name, wallet=0 if has_wallet else None, currency=self.case.currency).id


def _booked(case: Case) -> dict[str, Any]:
    return {"amount": case.amount, "currency": case.currency, "reference": "booked"}


def _parts(case: Case) -> dict[str, int]:
    return {"buyer_amount": case.to_buyer, "seller_amount": case.amount - case.to_buyer}


def _resolution(case: Case) -> dict[str, Any]:
    buyer = case.to_buyer if case.resolution == "split" else None
    seller = case.amount - case.to_buyer if case.resolution == "split" else None
    hours = 24 if case.kind == "warranty_claim" else None
    said = {"resolution": case.resolution, "code": "policy", "cooldown_hours": hours}
    return said | {"buyer_amount": buyer, "seller_amount": seller}


SCENES: dict[str, Callable[[Scene], tuple[int, dict[str, Any]]]] = {
    "escrow.release": lambda scene: (scene.held().id, {}),
    "escrow.refund": lambda scene: (scene.held().id, {}),
    "escrow.void": lambda scene: (orders.escrow_of(scene.session, scene.order("unpaid").id).id, {}),
    "dispute.resolve": lambda scene: (scene.disputed(), _resolution(scene.case)),
    "payment.accept": lambda scene: (scene.in_review(), {}),
    "payment.refund": lambda scene: (scene.in_review(), {}),
    "payment.mark_paid": lambda scene: (scene.payment(scene.order("unpaid")), {}),
    "payment.keep": lambda scene: (scene.besides(), {}),
    "payment.same_money": lambda scene: (scene.besides(marked_by_hand=True), {}),
    "payment.write_off": lambda scene: (scene.taken(), {}),
    "payment.claw_back": lambda scene: (scene.taken(), {}),
    "payment.refund_rest": lambda scene: (scene.taken(), {}),
    "payment.give_again": lambda scene: (scene.taken(then_given_again=True), {}),
    "payout.mark_paid": lambda scene: (scene.doubted(), {}),
    "payout.give_back": lambda scene: (scene.doubted(), {}),
    "payout.claw_back": lambda scene: (scene.paid_after_all(), {}),
    "payout.write_off": lambda scene: (scene.paid_after_all(), {}),
    "party.deposit": lambda scene: (scene.seller, _booked(scene.case)),
    "party.owe": lambda scene: (scene.seller, _booked(scene.case)),
    "party.repay": lambda scene: (scene.in_debt(), _booked(scene.case)),
    "transfer.reverse": lambda scene: (scene.left(), {"to_debt": scene.case.to_debt}),
    "transfer.reverse_and_refund": lambda scene: (scene.left(), {"to_debt": scene.case.to_debt}),
    "transfer.reverse_and_split": lambda scene: (scene.left(), {"to_debt": scene.case.to_debt, **_parts(scene.case)}),
}
"""For every decision: its subject, and what its payload says beside the reason."""


def test_every_decision_is_compared_with_its_preview() -> None:
    assert sorted(SCENES) == executors.actions()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_what_is_shown_is_what_is_posted(sqlite_runtime: Runtime, case: Case) -> None:
    compare(sqlite_runtime, case)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_what_is_shown_is_what_is_posted_on_postgresql(pg_runtime: Runtime, case: Case) -> None:
    compare(pg_runtime, case)


def compare(runtime: Runtime, case: Case) -> None:
    """Preview, decide, and look at what the ledger has; or be refused both times in the same words."""
    with forgotten(runtime) as market:
        market.limit(0 if case.is_above_limit else 10**15, case.currency)
        subject, said = SCENES[case.action](Scene(market, case))
        payload = executors.find(case.action).payload(reason=WHY, **said)
        session = market.session
        ledger_posting.settle_pools(session)
        how: UnderSettings = {"at": NOW, "settings": market.runtime.settings}
        shown = _answer(
            session, lambda: decision_preview.of(session, case.action, subject, payload, actor=DIVINE, **how)
        )
        event(f"{case.action}: {'refused' if isinstance(shown, Refusal) else 'done'}")
        if isinstance(shown, Refusal):
            again = _answer(
                session, lambda: approvals.decide(session, case.action, subject, payload, actor=DIVINE, **how)
            )
            assert (type(again), str(again)) == (type(shown), str(shown))
            return
        last = session.scalars(select(func.coalesce(func.max(Transfer.id), 0))).one()
        decided = approvals.decide(session, case.action, subject, payload, actor=DIVINE, **how)
        assert decided.executed != shown.needs_second_person
        sentence = decided.sentence
        if decided.approval is not None:
            assert _entries(session, last) == []
            at_approval = decision_preview.of_approval(session, decided.approval.id, actor=CHIKA, **how)
            assert (at_approval.legs, at_approval.sentence) == (shown.legs, shown.sentence)
            approvals.approve(session, decided.approval.id, actor=CHIKA, **how)
            sentence = shown.sentence
            kept = approvals.get(session, decided.approval.id).posted
            assert kept == list(session.scalars(select(Transfer.id).where(Transfer.id > last).order_by(Transfer.id)))
        ledger_posting.settle_pools(session)
        _same(session, shown, _entries(session, last), sentence)


def _answer(session: Session, action: Callable[[], Any]) -> Any:
    """What it gives, or how it is refused."""
    try:
        with session.begin_nested():
            return action()
    except Refusal as refusal:
        return refusal


def _same(session: Session, shown: DecisionPreview, posted: list[tuple[int, str, int]], sentence: str) -> None:
    assert sorted((leg.label.removesuffix(" (new)"), leg.amount) for leg in shown.legs) == sorted(
        (label, amount) for _, label, amount in posted
    )
    ids = {label: account for account, label, _ in posted}
    assert all(leg.account_id in (None, ids[leg.label.removesuffix(" (new)")]) for leg in shown.legs)
    after = {leg.label.removesuffix(" (new)"): leg.balance_after for leg in shown.legs}
    assert after == {label: _balance(session, account) for label, account in ids.items()}
    for _, _, amount in posted:
        if amount > 0:
            assert str(Money(amount, shown.currency)) in shown.sentence
            assert str(Money(amount, shown.currency)) in sentence


def _entries(session: Session, after: int) -> list[tuple[int, str, int]]:
    """What was posted since: (account, its name, minor units)."""
    rows = session.execute(
        select(Account.id, Account.kind, Account.owner, Party.name, Entry.amount)
        .join(Entry, Entry.account_id == Account.id)
        .outerjoin(Party, Party.id == Account.party_id)
        .where(Entry.transfer_id > after)
    )
    return [
        (row.id, f"{row.kind} of {row.name}" if row.name else f"{row.kind} {row.owner}".strip(), row.amount)
        for row in rows
    ]


def _balance(session: Session, account_id: int) -> int:
    return session.scalars(select(Account.balance).where(Account.id == account_id)).one()


def _wallet(session: Session, party_id: int, currency: str) -> int:
    mine = select(Account.balance).where(Account.party_id == party_id, Account.kind == "wallet")
    return session.scalars(mine.where(Account.currency == currency)).one_or_none() or 0
