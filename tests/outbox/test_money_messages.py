"""Every line of the table of what people are told about money is tried against the entries of its own transfer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.outbox.conftest import with_settings
from tests.outbox.support import deliveries, spread
from tests.support import money
from tests.support.market import AMINA, DIVINE, Market
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.money import Money
from webapp.domain.provider_words import Fate, GivenBack, Seen
from webapp.domain.shares import divide
from webapp.models import Account, Delivery, Entry, Escrow, Party, Payment, Refund, Transfer
from webapp.runtime import Runtime
from webapp.services import (
    executors,
    freezes,
    orders,
    payment_settling,
    payments,
    refund_ends,
    releases,
)
from webapp.services.messages import money_texts
from webapp.services.orders import NewOrder

JOB = job_actor("check_pending_payments")
WHOLE, FEE = 10_000, 500
_Key = tuple[str, str, str]


class Scene:
    """One order of 100.00 with a fee of 5.00, whose parties can be written to; each deed has an instant of its own."""

    def __init__(self, session: Session, runtime: Runtime) -> None:
        self.session, self.runtime = session, runtime
        self.market = Market(session, runtime, at=clock.now())
        self.buyer, self.seller = self.market.party("buyer"), self.market.party("seller")
        for side in (self.buyer, self.seller):
            side.email = f"{side.ref}@shop.example"
        new = NewOrder("the-order", self.buyer.id, self.seller.id, WHOLE, "NGN", fee=FEE)
        self.order = orders.create(session, new, at=clock.now(), actor=DIVINE, settings=runtime.settings)
        self.payment = payments.create(
            session, self.order.id, "paystack", at=clock.now(), actor=DIVINE, settings=runtime.settings
        ).id
        self.hear()

    @property
    def escrow(self) -> Escrow:
        return orders.escrow_of(self.session, self.order.id)

    def hear(self, gone: int = 0) -> None:
        """The provider says that it has the payment, less what is gone of it."""
        back = (GivenBack(gone),) if gone else ()
        word = Seen("r", Fate.SUCCEEDED, WHOLE, "NGN", "77", given_back=back)
        how: Any = {"at": clock.now(), "actor": JOB, "settings": self.runtime.settings}
        payment_settling.settle_all(self.session, {self.payment: word}, **how)
        self.session.expire_all()

    def do(self, action: str, subject: int, **said: Any) -> None:
        decision = executors.find(action).payload(reason="It is right so.", **said)
        how: Any = {"at": clock.now(), "actor": AMINA.entrusted_with("money:move"), "locked": True}
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
        releases.divide(self.session, escrow.id, parts, at=clock.now(), actor=mover, reason="decision", said="So.")
        self._by(True)
        self.session.expire_all()
        return self

    def spend(self, party: Party, amount: int) -> "Scene":
        """What the party has in its wallet is used for something else."""
        how: Any = {"at": clock.now(), "actor": DIVINE}
        new = NewOrder(f"bought-{clock.now().timestamp()}", party.id, self.market.party("shop").id, amount, "NGN")
        new = NewOrder(new.ref, new.buyer_id, new.seller_id, amount, "NGN", terms="wallet")
        orders.create(self.session, new, **how, settings=self.runtime.settings)
        return self

    def reverse(self) -> "Scene":
        out = select(Transfer.id).where(Transfer.escrow_id == self.escrow.id, Transfer.leaves)
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
SCENES: dict[_Key, Callable[[Scene], Any]] = {
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
    ("refund.failed", "buyer", "in_wallet"): lambda s: s.refund(by_card=True).refund_ended(refund_ends.fail),
}


def test_every_line_is_tried() -> None:
    assert set(SCENES) == set(money_texts.TEXTS)


@pytest.mark.parametrize("key", sorted(SCENES), ids="-".join)
def test_a_line_says_what_the_entries_say(sqlite_runtime: Runtime, key: _Key) -> None:
    compare(sqlite_runtime, key)


@pytest.mark.parametrize(
    "key", [("escrow.split", "seller", "in_wallet_and_debt_met"), ("payment.decided", "seller", "owes")], ids="-".join
)
def test_a_line_says_what_the_entries_say_on_postgresql(pg_runtime: Runtime, key: _Key) -> None:
    compare(pg_runtime, key)


def compare(runtime: Runtime, key: _Key) -> None:
    event, side, _shape = key
    place = with_settings(runtime, smtp_url="smtp://127.0.0.1:9")
    with place.db.transaction() as session:
        scene = Scene(session, place)
        SCENES[key](scene)
        party = getattr(scene, side)
        facts = _facts(session, party.id) | {"order": scene.order.ref, "amount": Money(WHOLE, "NGN")}
    spread(place)

    letter = deliveries(place, Delivery.kind == event, Delivery.recipient == party.email)[-1]
    text = money_texts.TEXTS[key]
    assert letter.title == text.title.format_map(facts)
    assert f"\n\n{text.body.format_map(facts)}\n\n" in letter.body


def _facts(session: Session, party_id: int) -> dict[str, Any]:
    """What the last transfer did to this party, read here once more and in another way."""
    last = session.scalars(select(Transfer).order_by(Transfer.id.desc())).first()
    assert last is not None
    mine: dict[str, int] = {"wallet": 0, "receivable": 0, "fees": 0, "clearing": 0}
    for entry, account in session.execute(
        select(Entry, Account).join(Account, Account.id == Entry.account_id).where(Entry.transfer_id == last.id)
    ).tuples():
        if account.party_id in (None, party_id) and account.kind in mine:
            mine[account.kind] += entry.amount
    owes = select(func.coalesce(func.sum(-Account.balance), 0)).where(
        Account.party_id == party_id, Account.kind == "receivable"
    )
    sent = session.scalars(select(Refund.amount)).first() or 0
    fee = f" Our fee of {Money(mine['fees'], 'NGN')} was taken from your part." if mine["fees"] else ""
    figures = {
        "whole": last.amount,
        "fee": mine["fees"],
        "share": abs(mine["wallet"] + mine["receivable"]),
        "wallet": abs(mine["wallet"]),
        "debt": abs(mine["receivable"]),
        "owes": session.scalars(owes).one(),
        "outside": mine["clearing"],
        "sent": sent,
        "gone": mine["clearing"] - sent,
    }
    return {name: Money(amount, "NGN") for name, amount in figures.items()} | {"fee_said": fee}


def test_the_share_of_a_split_is_said_after_the_fee(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, smtp_url="smtp://127.0.0.1:9")
    with place.db.transaction() as session:
        Scene(session, place).split()
    spread(place)

    buyer, seller = deliveries(place, Delivery.kind == "escrow.split")
    assert "NGN 66.50 for order the-order is in your wallet. Our fee of NGN 3.50 was taken" in seller.body
    assert "70.00" not in seller.body
    assert "NGN 30.00 for order the-order is in your wallet." in buyer.body


def test_nothing_is_said_of_money_that_waits(sqlite_runtime: Runtime) -> None:
    """Frozen, in review, taken back and undecided: nobody hears that money goes anywhere."""
    place = with_settings(sqlite_runtime, smtp_url="smtp://127.0.0.1:9")
    with place.db.transaction() as session:
        scene = Scene(session, place)
        freezes.freeze(session, scene.escrow.id, "Looks odd.", at=clock.now(), actor=AMINA)
        scene.hear(4_000)
    spread(place)

    assert [each.kind for each in deliveries(place)] == ["payment.succeeded"]


def test_the_docs_have_every_line() -> None:
    page = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()
    missing = [line for line in map(row, money_texts.LINES) if line not in page]
    assert not missing, "\n".join(missing)


def row(line: money_texts.Line) -> str:
    """A line as the page shows it."""
    return f"| `{line.event}` | {line.side} | {money_texts.SHAPES[line.shape]} | {line.text.body} |"
