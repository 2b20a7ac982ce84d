"""What may happen to one order, each as a scene of its own, by what its parties are told of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.arguments import ByActor, ByActorUnderSettings, ByLockedActor
from tests.support.market import AMINA, DIVINE, Market
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.money.money import Money
from webapp.domain.money.shares import divide
from webapp.domain.providers.provider_results import ChargebackReport, ProviderResponse, ProviderStatus, ReturnedAmount
from webapp.domain.states import ChargebackStatus
from webapp.models import Escrow, Party, Payment, Refund, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.escrows import freezes
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import booking as chargeback_booking
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.refunds import ends as refund_ends

JOB = job_actor("check_pending_payments")
WHOLE, FEE = 10_000, 500
Key = tuple[str, str, str]


class Scene:
    """One order of 100.00 with a fee of 5.00, whose parties can be written to; each action has its own instant."""

    def __init__(self, session: Session, runtime: Runtime, *, paid: bool = True) -> None:
        self.session, self.runtime = session, runtime
        self.market = Market(session, runtime, at=clock.now())
        self.payout = 0
        self.buyer, self.seller = self.market.party("buyer"), self.market.party("seller")
        for side in (self.buyer, self.seller):
            side.email = f"{side.ref}@shop.example"
        new = NewOrder("the-order", self.buyer.id, self.seller.id, WHOLE, "NGN", fee=FEE)
        self.order = orders.create(session, new, at=clock.now(), actor=DIVINE, settings=runtime.settings)
        self.payment = payments.create(
            session, self.order.id, "paystack", at=clock.now(), actor=DIVINE, settings=runtime.settings
        ).id
        if paid:
            self.hear()

    @property
    def escrow(self) -> Escrow:
        return orders.escrow_of(self.session, self.order.id)

    def lost(self, amount: int) -> "Scene":
        """The payer's bank took some, and its taking is booked as it is when its word comes in."""
        charged = ChargebackReport("cb-1", ChargebackStatus.LOST, "r", amount, "NGN", went_back=True)
        how: ByActor = {"at": clock.now(), "actor": JOB}
        chargebacks.settle(self.session, self.payment, charged, **how, settings=self.runtime.settings)
        self.hear(amount)
        chargeback_booking.book(self.session, self.payment, liability="ask", **how)
        self.session.expire_all()
        return self

    def hear(self, gone: int = 0, number: str = "77") -> None:
        """The provider says that it has the payment, less what is gone of it."""
        back = (ReturnedAmount(gone),) if gone else ()
        word = ProviderResponse("r", ProviderStatus.SUCCEEDED, WHOLE, "NGN", number, given_back=back)
        how: ByActorUnderSettings = {"at": clock.now(), "actor": JOB, "settings": self.runtime.settings}
        payment_settlement.settle_all(self.session, {self.payment: word}, **how)
        self.session.expire_all()

    def do(self, action: str, subject: int, **said: Any) -> None:
        decision = executors.find(action).payload(reason="It is right so.", **said)
        how: ByLockedActor = {"at": clock.now(), "actor": AMINA.entrusted_with("money:move"), "locked": True}
        executors.compute(self.session, action, subject, decision, **how).post()
        self.session.expire_all()

    def release(self) -> "Scene":
        self.do("escrow.release", self.escrow.id)
        return self

    def refund(self, *, by_card: bool = False) -> "Scene":
        self._by(by_card)
        self.do("escrow.refund", self.escrow.id)
        self._by(True)
        return self

    def split(self, *, by_card: bool = False) -> "Scene":
        self._by(by_card)
        escrow = self.escrow
        parts = divide(Money(WHOLE, "NGN"), escrow.fee, 7_000)
        mover = AMINA.entrusted_with("money:move")
        money.divide(self.session, escrow.id, parts, at=clock.now(), actor=mover)
        self._by(True)
        self.session.expire_all()
        return self

    def spend(self, party: Party, amount: int) -> "Scene":
        """What the party has in its wallet is used for something else."""
        how: ByActor = {"at": clock.now(), "actor": DIVINE}
        new = NewOrder(f"bought-{clock.now().timestamp()}", party.id, self.market.party("shop").id, amount, "NGN")
        new = NewOrder(new.ref, new.buyer_id, new.seller_id, amount, "NGN", terms="wallet")
        orders.create(self.session, new, **how, settings=self.runtime.settings)
        return self

    def reverse(self) -> "Scene":
        out = select(Transfer.id).where(Transfer.escrow_id == self.escrow.id, Transfer.is_disbursement)
        self.do("transfer.reverse", self.session.scalars(out.order_by(Transfer.id.desc())).first() or 0, to_debt=True)
        for freeze in freezes.open_freezes(self.session, self.escrow.id):
            freezes.unfreeze(self.session, freeze.id, "Seen.", at=clock.now(), actor=DIVINE)
        self.session.expire_all()
        return self

    def taken(self, amount: int, action: str) -> "Scene":
        """The provider gave some back without us, and somebody decided about it."""
        self.hear(amount)
        self.do(action, self.payment)
        return self

    def given_again(self) -> "Scene":
        self.hear()
        self.do("payment.give_again", self.payment)
        return self

    def twice(self) -> "Scene":
        """The provider has a second success for the payment, which becomes a payment of its own."""
        second = ProviderResponse("r", ProviderStatus.SUCCEEDED, WHOLE, "NGN", "78")
        word = ProviderResponse("r", ProviderStatus.SUCCEEDED, WHOLE, "NGN", "77", others=(second,))
        how: ByActorUnderSettings = {"at": clock.now(), "actor": JOB, "settings": self.runtime.settings}
        payment_settlement.settle_all(self.session, {self.payment: word}, **how)
        self.session.expire_all()
        return self

    def paid_twice(self, action: str) -> "Scene":
        """That, and what is decided about the second one."""
        twice = select(Payment.id).where(Payment.duplicate_of_id.is_not(None))
        self.do(action, self.twice().session.scalars(twice).one())
        return self

    def earn(self, party: Party, amount: int) -> "Scene":
        reference = f"earned-{clock.now().timestamp()}"
        money.deposit(self.session, party.id, amount, "NGN", reference=reference, at=clock.now(), actor=DIVINE)
        return self

    def refund_ended(self, ends: Callable[..., None]) -> "Scene":
        refund = self.session.scalars(select(Refund)).one()
        ends(self.session, refund, clock.now(), JOB)
        return self

    def _by(self, by_card: bool) -> None:
        """Whether the payment can go back through its provider."""
        self.session.get_one(Payment, self.payment).provider_id = "77" if by_card else None
        self.session.flush()


def _rest_into_wallet(scene: Scene) -> Scene:
    scene.hear(4_000)
    scene._by(False)
    scene.do("payment.refund_rest", scene.payment)
    return scene


PAID = 9_500
SCENES: dict[Key, Callable[[Scene], Any]] = {
    ("escrow.released", "seller", "in_wallet"): lambda s: s.release(),
    ("escrow.released", "seller", "in_wallet_and_debt_met"): lambda s: (
        s.release().spend(s.seller, 4_000).reverse().release()
    ),
    ("escrow.released", "seller", "debt_met"): lambda s: s.release().spend(s.seller, PAID).reverse().release(),
    ("escrow.refunded", "buyer", "in_wallet"): lambda s: s.refund(),
    ("escrow.refunded", "buyer", "in_wallet_and_debt_met"): lambda s: (
        s.refund().spend(s.buyer, 4_000).reverse().refund()
    ),
    ("escrow.refunded", "buyer", "debt_met"): lambda s: s.refund().spend(s.buyer, WHOLE).reverse().refund(),
    ("escrow.refunded", "buyer", "sent_back"): lambda s: s.refund(by_card=True),
    ("escrow.refunded", "buyer", "went_back"): lambda s: s.taken(WHOLE, "payment.claw_back"),
    ("escrow.refunded", "buyer", "went_back_and_sent"): lambda s: s.taken(4_000, "payment.refund_rest"),
    ("escrow.refunded", "buyer", "went_back_and_in_wallet"): _rest_into_wallet,
    ("escrow.refunded", "seller", "went_back"): lambda s: s.taken(WHOLE, "payment.claw_back"),
    ("escrow.refunded", "seller", "went_back_and_rest"): lambda s: s.taken(4_000, "payment.refund_rest"),
    ("escrow.split", "seller", "in_wallet"): lambda s: s.split(),
    ("escrow.split", "seller", "in_wallet_and_debt_met"): lambda s: (
        s.release().spend(s.seller, 4_000).reverse().split()
    ),
    ("escrow.split", "seller", "debt_met"): lambda s: s.release().spend(s.seller, PAID).reverse().split(),
    ("escrow.split", "buyer", "in_wallet"): lambda s: s.split(),
    ("escrow.split", "buyer", "in_wallet_and_debt_met"): lambda s: s.refund().spend(s.buyer, 1_000).reverse().split(),
    ("escrow.split", "buyer", "debt_met"): lambda s: s.refund().spend(s.buyer, WHOLE).reverse().split(),
    ("escrow.split", "buyer", "sent_back"): lambda s: s.split(by_card=True),
    ("transfer.reversed", "seller", "wallet_gave"): lambda s: s.release().reverse(),
    ("transfer.reversed", "seller", "wallet_gave_and_owes"): lambda s: s.release().spend(s.seller, 4_000).reverse(),
    ("transfer.reversed", "seller", "owes"): lambda s: s.release().spend(s.seller, PAID).reverse(),
    ("transfer.reversed", "buyer", "wallet_gave"): lambda s: s.refund().reverse(),
    ("transfer.reversed", "buyer", "wallet_gave_and_owes"): lambda s: s.refund().spend(s.buyer, 4_000).reverse(),
    ("transfer.reversed", "buyer", "owes"): lambda s: s.refund().spend(s.buyer, WHOLE).reverse(),
    ("payment.decided", "seller", "wallet_gave"): lambda s: s.release().taken(4_000, "payment.claw_back"),
    ("payment.decided", "seller", "wallet_gave_and_owes"): lambda s: (
        s.release().spend(s.seller, 8_000).taken(4_000, "payment.claw_back")
    ),
    ("payment.decided", "seller", "owes"): lambda s: (
        s.release().spend(s.seller, PAID).taken(4_000, "payment.claw_back")
    ),
    ("payment.decided", "buyer", "wallet_gave"): lambda s: s.refund().taken(4_000, "payment.claw_back"),
    ("payment.decided", "buyer", "wallet_gave_and_owes"): lambda s: (
        s.refund().spend(s.buyer, 8_000).taken(4_000, "payment.claw_back")
    ),
    ("payment.decided", "buyer", "owes"): lambda s: s.refund().spend(s.buyer, WHOLE).taken(4_000, "payment.claw_back"),
    **{
        ("payment.decided", side, shape): scene
        for side in ("buyer", "seller")
        for shape, scene in (
            ("less_is_held", lambda s: s.taken(4_000, "payment.claw_back")),
            ("more_is_held", lambda s: s.taken(4_000, "payment.claw_back").given_again()),
        )
    },
    ("payment.decided", "buyer", "went_back"): lambda s: s.release().taken(4_000, "payment.write_off"),
    ("payment.decided", "buyer", "came_back"): lambda s: s.release().taken(4_000, "payment.claw_back").given_again(),
    ("payment.decided", "seller", "not_yours"): lambda s: s.taken(4_000, "payment.write_off"),
    ("payment.decided", "buyer", "kept"): lambda s: s.paid_twice("payment.keep"),
    ("payment.decided", "seller", "in_wallet"): lambda s: s.release().taken(4_000, "payment.claw_back").given_again(),
    ("payment.decided", "seller", "in_wallet_and_debt_met"): lambda s: (
        s.release().spend(s.seller, 8_000).taken(4_000, "payment.claw_back").given_again()
    ),
    ("payment.decided", "seller", "debt_met"): lambda s: (
        s.release().spend(s.seller, PAID).taken(4_000, "payment.claw_back").given_again()
    ),
    ("payment.decided", "buyer", "in_wallet"): lambda s: s.refund().taken(4_000, "payment.claw_back").given_again(),
    ("payment.decided", "buyer", "in_wallet_and_debt_met"): lambda s: (
        s.refund().spend(s.buyer, 8_000).taken(4_000, "payment.claw_back").given_again()
    ),
    ("payment.decided", "buyer", "debt_met"): lambda s: (
        s.refund().spend(s.buyer, WHOLE).taken(4_000, "payment.claw_back").given_again()
    ),
    ("refund.processed", "buyer", "done"): lambda s: s.refund(by_card=True).refund_ended(refund_ends.finish),
    ("refund.processed", "buyer", "second_done"): lambda s: s.paid_twice("payment.refund").refund_ended(
        refund_ends.finish
    ),
    ("refund.failed", "buyer", "waits"): lambda s: s.paid_twice("payment.refund").refund_ended(refund_ends.fail),
    ("refund.failed", "buyer", "in_wallet"): lambda s: s.refund(by_card=True).refund_ended(refund_ends.fail),
}
