"""One order paid by card through the sandbox, and everything that may happen to its money afterwards."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.jobs.periodic.test_handle_webhooks import finish, post
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree
from tests.support.sandbox import Sandbox, awaiting, begun, desk_with
from webapp import clock
from webapp.domain.payments.refund_matching import OWN_TIME
from webapp.domain.states import AccountKind
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.verify_payments import verify_now
from webapp.models import Account, Alert, Chargeback, Escrow, Payment, Refund
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions, limits
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.escrows import freezes
from webapp.services.orders import orders
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import detail as payment_detail
from webapp.services.payments import payments

WHY = "The provider's dashboard says so."


class Case:
    """One order paid by card, and what may be done about it."""

    def __init__(
        self, runtime: Runtime, world: Sandbox, *, due: bool = True, fee: int = 500, collected: int | None = None
    ) -> None:
        self.runtime, self.world = runtime, world
        self.order, self.payment_id = awaiting(runtime, fee=fee)
        self.reference = begun(runtime, self.payment_id).reference or ""
        asked: dict[str, Any] = {} if collected is None else {"amount": collected}
        world.pay(self.reference, **asked)
        self.verify()
        if due:
            with runtime.db.transaction() as session:
                session.execute(update(Escrow).values(release_at=clock.now() - timedelta(hours=1)))

    def verify(self) -> Payment:
        return verify_now(self.runtime, self.payment_id, DIVINE)

    def by_hand(self, amount: int | None = None) -> None:
        """Somebody refunds it in the provider's dashboard; its webhook comes to the desk."""
        self.world.control(f"refund/paystack/{self.reference}", {} if amount is None else {"amount": amount})
        said = {"transaction_reference": self.reference, "status": "processed", "amount": str(amount or 10_000)}
        self.hook({"event": "refund.processed", "data": said})

    def hook(self, body: Any) -> None:
        post(self.runtime, "paystack", body)
        finish(self.runtime)

    def payment(self) -> Payment:
        with self.runtime.db.reading() as session:
            return payments.get(session, self.payment_id)

    def escrow(self) -> Escrow:
        with self.runtime.db.reading() as session:
            return orders.escrow_of(session, self.order)

    def causes(self) -> list[str]:
        with self.runtime.db.reading() as session:
            return [each.cause for each in freezes.open_freezes(session, self.escrow().id)]

    def decide(self, action: str) -> DecisionResult:
        with self.runtime.db.transaction() as session:
            return payment_decisions.decide(
                session,
                f"payment.{action}",
                self.payment_id,
                WHY,
                version=self.payment().version,
                at=clock.now(),
                actor=DIVINE,
                settings=self.runtime.settings,
            )

    def night(self) -> None:
        run_job_now(self.runtime, "auto_release")

    def release(self) -> None:
        self._decide_escrow(escrow_decisions.release)

    def refund(self) -> None:
        self._decide_escrow(escrow_decisions.refund)

    def _decide_escrow(self, decide: Callable[..., object]) -> None:
        settings = self.runtime.settings
        with self.runtime.db.transaction() as session:
            escrow = orders.escrow_of(session, self.order)
            decide(session, escrow.id, WHY, version=escrow.version, at=clock.now(), actor=DIVINE, settings=settings)

    def give(self) -> None:
        """What refunds are written are sent, and looked after until they are done."""
        for _ in range(2):
            with self.runtime.db.transaction() as session:
                values = {"next_try_at": clock.now() - timedelta(seconds=1), "last_sent_at": clock.now() - OWN_TIME}
                session.execute(update(Refund).values(values))
            run_job_now(self.runtime, "deliver_outbox")
            time.sleep(0.2)

    def balance(self, kind: AccountKind, party: str = "") -> int:
        with self.runtime.db.reading() as session:
            escrow = orders.escrow_of(session, self.order)
            who = {"seller": escrow.seller_id, "buyer": escrow.buyer_id}.get(party)
            mine = Account.party_id == who if party else Account.party_id.is_(None)
            rows = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.kind == kind, mine)
            return int(session.scalars(rows).one())

    def borne(self) -> dict[str, int]:
        """Who bore what was taken back, as the payment's page says it."""
        with self.runtime.db.reading() as session:
            return dict(payment_detail.read(session, self.payment_id).borne)

    def alerts(self) -> list[str]:
        with self.runtime.db.reading() as session:
            return list(session.scalars(select(Alert.rule).where(Alert.status == "firing").order_by(Alert.rule)))

    def charged_back(self, amount: int | None = None) -> int:
        """The payer's bank disputes it, and the webhook comes; returns the dispute's number at the provider."""
        said = {"reference": self.reference} | ({} if amount is None else {"amount": amount})
        number = int(self.world.control("dispute", said)["number"])
        self.tell(number, "create")
        return number

    def bank(self, number: int, outcome: str) -> None:
        """The bank decides, or only reminds, and the webhook comes."""
        self.world.control(f"dispute/{number}", {"outcome": outcome})
        event = {"reminded": "remind", "open": "create"}.get(outcome, "resolve")
        self.tell(number, event, resolution=outcome)

    def bank_again(self, number: int, outcome: str) -> None:
        """It changes its mind: another webhook, some time later."""
        self.world.control(f"dispute/{number}", {"outcome": outcome})
        self.tell(number, "resolve", resolution=outcome, resolvedAt=clock.now().isoformat())

    def tell(self, number: int, event: str, **more: Any) -> None:
        """A webhook about the bank's dispute, whatever is true."""
        said = {"id": number, "status": event, "transaction": {"reference": self.reference}}
        self.hook({"event": f"charge.dispute.{event}", "data": said | more})

    def transaction(self) -> str:
        """How the payment's transaction stands at the provider."""
        rows = self.world.control("store?kind=paystack.transaction", method="GET")["paystack.transaction"]
        return next(str(row["status"]) for row in rows if row["key"] == self.reference)

    def banks(self) -> list[str]:
        with self.runtime.db.reading() as session:
            return list(session.scalars(select(Chargeback.status).order_by(Chargeback.id)))


@contextmanager
def _deciding_alone(world: Sandbox, url: str, folder: Path) -> Iterator[Runtime]:
    """A desk whose provider is the sandbox, where one person may decide."""
    with desk_with(world, url, folder) as made:
        register_jobs(made)
        with made.db.transaction() as session:
            limits.set_limits(session, {"NGN": 10_000_000}, at=clock.now(), actor=DIVINE)
        yield made


@pytest.fixture
def runtime(world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database whose provider is the sandbox."""
    with _deciding_alone(world, database_url, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_runtime(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """The same for pages, which are read on SQLite."""
    with _deciding_alone(world, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def case(runtime: Runtime, world: Sandbox) -> Iterator[Case]:
    """An order of 100.00 with a fee of 5.00, held and due; in the end every book agrees."""
    yield Case(runtime, world)
    all_books_agree(runtime)
