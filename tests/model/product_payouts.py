"""The desk's payouts, asked by the names that the model uses."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from tests.model.bank import Bank
from tests.model.plain.desk import Plan
from tests.model.product import WHY, Product
from webapp.domain.actors import job_actor
from webapp.jobs.run_job import run_here
from webapp.jobs.steps import send_payouts
from webapp.models import Payout, PayoutSchedule
from webapp.services.payouts import destinations, payouts, settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

_HEARS = job_actor("handle_webhooks")


class ProductPayouts:
    """Destinations, schedules and payouts of a desk whose provider is this bank."""

    def __init__(self, product: Product, bank: Bank) -> None:
        self.product, self.bank = product, bank
        self.destinations: list[int] = []
        self.plans: list[int] = []

    def payouts(self, session: Session) -> list[Payout]:
        """All of them, in the order in which they were written."""
        return list(session.query(Payout).order_by(Payout.id))

    def put_destination(self, who: str, party: str, currency: str) -> None:
        to = NewDestination(currency, "nuban", "058", f"{len(self.destinations):010}", party)
        with self.product.deciding() as session:
            party_id = self.product.parties[party]
            made = destinations.put(session, party_id, to, **self.product.under(who)).id
        self.destinations.append(made)

    def decide_destination(self, who: str, number: int, *, yes: bool) -> None:
        with self.product.deciding() as session:
            if yes:
                destinations.approve(session, self.destinations[number], **self.product.under(who))
            else:
                destinations.reject(session, self.destinations[number], WHY, **self.product.by(who))

    def plan(self, who: str, new: Plan) -> None:
        party = self.product.parties[new.party]
        asked = NewSchedule(
            f"plan-{len(self.plans)}", party, new.amount, new.currency, new.due, guarantee_completion_date=new.guarantee
        )
        with self.product.deciding() as session:
            made = schedules.create(session, asked, **self.product.by(who)).id
        self.plans.append(made)

    def change_plan(self, who: str, number: int, amount: int, due: datetime) -> None:
        with self.product.deciding() as session:
            found = session.get_one(PayoutSchedule, self.plans[number])
            schedules.change(
                session,
                found.id,
                amount=amount,
                due_at=due,
                guarantee_completion_date=found.guarantee_completion_date,
                placement=None,
                version=found.version,
                **self.product.by(who),
            )

    def cancel_plan(self, who: str, number: int) -> None:
        with self.product.deciding() as session:
            schedules.cancel(session, self.plans[number], WHY, **self.product.by(who))

    def pay_now(self, who: str, number: int) -> None:
        with self.product.deciding() as session:
            run = schedules.trigger(session, self.plans[number], **self.product.by(who)).id
        run_here(self.product.runtime, run)

    def retry(self, who: str, number: int) -> None:
        with self.product.deciding() as session:
            run = payouts.retry(session, self.payouts(session)[number].id, **self.product.by(who)).id
        run_here(self.product.runtime, run)

    def cancel(self, who: str, number: int) -> None:
        with self.product.deciding() as session:
            payouts.cancel(session, self.payouts(session)[number].id, WHY, **self.product.under(who))

    def turn(self, number: int, state: str) -> None:
        """Something happens at its provider, and nobody tells."""
        with self.product.runtime.db.reading() as session:
            payout = self.payouts(session)[number]
            self.bank.turn(payout.ref, state, sent=None if payout.sent_at is None else payout.amount)

    def hear(self, number: int) -> None:
        """A webhook makes the desk ask."""
        with self.product.deciding() as session:
            payout = self.payouts(session)[number]
            word: Any = {payout.id: self.bank.fetch_payout(payout.ref)}
            settlement.settle_all(session, word, at=self.product.moved.at, actor=_HEARS)

    def ask(self, who: str, number: int) -> None:
        """A person has its provider asked."""
        with self.product.runtime.db.reading() as session:
            payout = self.payouts(session)[number].id
        send_payouts.ask_now(self.product.runtime, payout, self.product.by(who)["actor"])
