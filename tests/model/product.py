"""The desk itself, asked by the names that the model uses."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.model.moved_clock import MovedClock
from tests.model.plain.desk import Mandate
from tests.model.plain.desk import Transfer as PlainTransfer
from tests.model.worlds import ACTORS
from tests.model.written import tables_written
from tests.support.arguments import ByActor, ByActorUnderSettings
from tests.support.market import Undone
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.providers.provider_results import (
    ChargebackReport,
    NoResponse,
    ProviderResponse,
    ProviderResult,
    ProviderStatus,
)
from webapp.domain.states import LOST_CHARGEBACKS, ChargebackStatus
from webapp.errors import Refusal
from webapp.jobs.run_job import run_here, run_job
from webapp.models import Approval, Chargeback, Dispute, Escrow, Event, Freeze, Party, Payout, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.common import kill_switch
from webapp.services.disputes import disputes, handling
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes
from webapp.services.notifications.messages import reminders
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import auto_deduct_mandates, wallet_operations, wallet_provisioning
from webapp.services.parties.auto_deduct_mandates import MandateTerms
from webapp.services.parties.wallet_operations import NewMoney
from webapp.services.payments import decisions as payment_decisions
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.read_models import disabled_reasons
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.scheduling import runs, schedules, slots
from webapp.services.subscriptions import subscriptions
from webapp.services.subscriptions.subscriptions import SubscriptionChanges

WHY = "It is right so."
_HEARS = job_actor("handle_webhooks")


class Product:
    """The real services, over one database."""

    def __init__(self, runtime: Runtime, moved: MovedClock) -> None:
        self.runtime, self.moved, self.settings = runtime, moved, runtime.settings
        with runtime.db.reading() as session:
            self.parties = {name: number for number, name in session.execute(select(Party.id, Party.name))}
            self.last_letter = 0
            self.last_event = session.scalars(select(Event.id).order_by(Event.id.desc()).limit(1)).one_or_none() or 0
        self.is_trying = False
        self.written = tables_written(runtime.db.engine)
        self.subscriptions: dict[str, int] = {}
        self.escrows: list[int] = []
        self.orders: list[int] = []
        self.payments: list[int] = []
        self.disputes: list[int] = []
        self.dispute_kinds: list[str] = []
        self.proposals: list[int] = []
        self.chargebacks: list[int] = []

    @contextmanager
    def deciding(self) -> Iterator[Session]:
        """One transaction; of one that is only tried nothing is left."""
        with self.runtime.db.transaction() as session:
            yield session
            if self.is_trying:
                raise Undone

    def would(self, ask: Callable[[], Any]) -> bool:
        """Whether the desk would do it now; nothing is done."""
        self.is_trying = True
        try:
            ask()
        except Undone:
            return True
        except Refusal:
            return False
        finally:
            self.is_trying = False
        return True

    def offered(self, action: str, number: int) -> bool:
        """Whether an escrow's page offers it."""
        with self.runtime.db.reading() as session:
            return not disabled_reasons.of(session, action, self.escrows[number], **self.by("Amina"))

    def by(self, who: str) -> ByActor:
        return {"at": self.moved.at, "actor": ACTORS[who]}

    def under(self, who: str) -> ByActorUnderSettings:
        return {"at": self.moved.at, "actor": ACTORS[who], "settings": self.settings}

    # orders and escrows

    def create(self, who: str, terms: str, buyer: str, seller: str, amount: int, currency: str, **more: Any) -> None:
        new = NewOrder(
            f"o-{len(self.orders)}",
            self.parties[buyer],
            self.parties[seller],
            amount,
            currency,
            terms=terms,
            **more,
        )
        with self.deciding() as session:
            order = orders.create(session, new, **self.under(who)).id
            escrow = orders.escrow_of(session, order).id
        self.orders.append(order)
        self.escrows.append(escrow)

    def complete(self, who: str, number: int) -> None:
        with self.deciding() as session:
            orders.complete(session, self.orders[number], **self.under(who))

    def cancel(self, who: str, number: int) -> None:
        with self.deciding() as session:
            orders.cancel(session, self.orders[number], WHY, **self.by(who))

    def extend(self, who: str, number: int, due: datetime) -> None:
        with self.deciding() as session:
            escrow_decisions.extend(
                session, self.escrows[number], due, WHY, version=self._version(session, number), **self.by(who)
            )

    def freeze(self, who: str, number: int) -> None:
        with self.deciding() as session:
            freezes.freeze(session, self.escrows[number], WHY, **self.by(who))

    def unfreeze(self, who: str, number: int, whose: str) -> None:
        """Lift the last freeze of a person, lifted already or not."""
        with self.deciding() as session:
            mine = (Freeze.escrow_id == self.escrows[number], Freeze.cause == "person")
            last = select(Freeze.id).where(*mine, Freeze.cause_id == ACTORS[whose].id).order_by(Freeze.id.desc())
            freezes.unfreeze(session, session.scalars(last).first() or 0, WHY, **self.by(who))

    # payments

    def begin(self, who: str, number: int) -> None:
        with self.deciding() as session:
            made = payments.create(session, self.orders[number], "paystack", **self.under(who)).id
        self.payments.append(made)

    def answer(self, number: int, has: tuple[int, str] | None, said: str) -> None:
        """What a webhook or a job heard from the provider."""
        with self.deciding() as session:
            payment = payments.get(session, self.payments[number])
            how = {"failed": ProviderStatus.FAILED, "absent": ProviderStatus.ABSENT}.get(said, ProviderStatus.PENDING)
            heard: ProviderResult = ProviderResponse(payment.reference or "", how, message="So it is.")
            if has is not None:
                amount, currency = has
                paid, theirs = ProviderStatus.SUCCEEDED, f"7{payment.id}"
                heard = ProviderResponse(payment.reference or "", paid, amount, currency, theirs)
            elif said == "silent":
                heard = NoResponse("paystack did not answer.")
            payments.claim(session, [payment.id], self.moved.at, timedelta(days=900))
            payment_settlement.settle_all(
                session, {payment.id: heard}, at=self.moved.at, actor=_HEARS, settings=self.settings
            )

    def refund_answer(self, number: int, said: str) -> None:
        status = ProviderStatus.FAILED if said == "failed" else ProviderStatus.SUCCEEDED
        with self.deciding() as session:
            refund = refunds.of_payment(session, self.payments[number])
            assert refund is not None
            amount = refund.amount - 1 if said == "less" else refund.amount
            heard = ProviderResponse("", status, amount, refund.currency, f"9{refund.id}", "So it is.")
            refund_settlement.settle_all(session, {refund.id: heard}, at=self.moved.at, actor=_HEARS)

    def hear_chargeback(self, number: int, said: str) -> None:
        """What its provider says of a chargeback of this payment."""
        with self.deciding() as session:
            payment = payments.get(session, self.payments[number])
            status = ChargebackStatus(said)
            report = ChargebackReport(
                f"CB{payment.id}", status, payment.reference or "", payment.amount, payment.currency
            )
            how: Any = {"at": self.moved.at, "actor": _HEARS, "settings": self.settings}
            chargebacks.settle(session, payment.id, report, **how)
            if status in LOST_CHARGEBACKS:  # its provider is asked about the payment along with this
                collected = payment.provider_amount or payment.amount
                paid, theirs = ProviderStatus.SUCCEEDED, f"7{payment.id}"
                seen = ProviderResponse(payment.reference or "", paid, collected, payment.currency, theirs)
                payment_settlement.settle_all(session, {payment.id: seen}, **how)
            new = list(session.scalars(select(Dispute.id).where(Dispute.id.not_in(self.disputes))))
            known = session.scalars(select(Chargeback.id).order_by(Chargeback.id)).all()
        self.disputes += new
        self.dispute_kinds += ["dispute"] * len(new)
        self.chargebacks = list(known)

    # disputes

    def open_dispute(self, who: str, number: int, kind: str) -> None:
        new = NewDispute(self.escrows[number], "buyer", "late", "It is late.", kind)
        with self.deciding() as session:
            made = disputes.open_dispute(session, new, **self.under(who)).id
        self.disputes.append(made)
        self.dispute_kinds.append(kind)

    def handle(self, who: str, number: int, what: str, more: Any) -> None:
        """Work on a case without deciding it."""
        case = self.disputes[number]
        with self.deciding() as session:
            if what == "ask":
                handling.ask(session, case, more, WHY, **self.under(who))
            elif what == "answered":
                handling.answered(session, case, **self.by(who))
            elif what == "escalate":
                handling.escalate(session, case, WHY, **self.by(who))
            elif what == "assign":
                handling.assign(session, case, None if more is None else ACTORS[more].id, **self.by(who))
            else:
                audience, inbound = more
                handling.say(session, case, audience, WHY, inbound=inbound, **self.by(who))

    def withdraw(self, who: str, number: int) -> None:
        with self.deciding() as session:
            dispute = disputes.get(session, self.disputes[number])
            disputes.withdraw(session, dispute.id, WHY, version=dispute.version, **self.under(who))

    # decisions

    def decide(self, who: str, action: str, subject: Any, stale: bool = False, **payload: Any) -> str:
        with self.deciding() as session:
            made = self._decide(session, who, action, subject, -1 if stale else 0, payload)
            proposed = None if made.approval is None else made.approval.id
        if proposed is not None:
            self.proposals.append(proposed)
        return "executed" if made.executed else "proposed"

    def _decide(self, session: Session, who: str, action: str, subject: Any, off: int, payload: Any) -> Any:
        kind, verb = action.split(".")
        if kind == "escrow":
            decided = getattr(escrow_decisions, verb)
            version = self._version(session, subject) + off
            return decided(session, self.escrows[subject], WHY, version=version, **self.under(who))
        if kind == "dispute":
            dispute = disputes.get(session, self.disputes[subject])
            resolution = self._resolution(session, dispute, **payload)
            return disputes.resolve(session, dispute.id, resolution, version=dispute.version + off, **self.under(who))
        if kind == "payment":
            payment = payments.get(session, self.payments[subject])
            return payment_decisions.decide(
                session, action, payment.id, WHY, version=payment.version + off, **self.under(who)
            )
        if kind == "payout":
            payout = session.query(Payout).order_by(Payout.id).offset(subject).limit(1).one()
            return payout_decisions.decide(
                session, action, payout.id, WHY, version=payout.version + off, **self.under(who)
            )
        if kind == "party":
            new = NewMoney(payload["amount"], payload["currency"], payload["reference"], reason=WHY)
            return wallet_operations.decide(session, action, self.parties[subject], new, **self.under(who))
        decision = self._correction(session, verb, subject, **payload)
        return reversal_decisions.correct(session, action, self.transfer(session, subject), decision, **self.under(who))

    def _correction(
        self, session: Session, verb: str, transfer: PlainTransfer, to_debt: bool, seller_amount: int
    ) -> ReverseTransfer:
        if verb == "reverse":
            return ReverseTransfer(reason=WHY, to_debt=to_debt)
        if verb == "reverse_and_refund":
            return ReverseAndRefund(reason=WHY, to_debt=to_debt)
        whole = session.get_one(Transfer, self.transfer(session, transfer)).amount
        parts = {"buyer_amount": whole - seller_amount, "seller_amount": seller_amount}
        return ReverseAndSplit(reason=WHY, to_debt=to_debt, **parts)

    def _resolution(self, session: Session, dispute: Dispute, resolution: str, seller_amount: int) -> DisputeResolution:
        if resolution != "split":
            return DisputeResolution(resolution, "policy", WHY)
        held = session.get_one(Escrow, dispute.escrow_id).amount
        return DisputeResolution(resolution, "policy", WHY, held - seller_amount, seller_amount)

    def transfer(self, session: Session, transfer: PlainTransfer) -> int:
        """The number of the transfer that the model knows."""
        if transfer.escrow is None:
            reference = transfer.reference
            if reference.startswith("surplus "):
                reference = f"payment-{self.payments[int(reference.split()[1])]}-surplus"
            if reference.startswith("deducted "):
                _, party, currency, day = reference.split()
                reference = f"auto-deduct-{self.parties[party]}-{currency}-{day}"
            mine = [Transfer.reference == reference]
        else:
            mine = [
                Transfer.escrow_id == self.escrows[transfer.escrow],
                Transfer.hold_no == transfer.hold_no,
                Transfer.is_disbursement.is_(True),
            ]
        return session.scalars(select(Transfer.id).where(*mine)).one()

    def approve(self, who: str, number: int) -> None:
        with self.deciding() as session:
            approvals.approve(session, self.proposals[number], **self.under(who))

    def reject(self, who: str, number: int) -> None:
        with self.deciding() as session:
            approvals.reject(session, self.proposals[number], WHY, **self.by(who))

    # parties

    def open_wallet(self, who: str, party: str, currency: str) -> None:
        with self.deciding() as session:
            wallet_provisioning.open_by_hand(session, self.parties[party], currency, WHY, **self.by(who))

    def set_mandate(self, who: str, party: str, currency: str, mandate: Mandate) -> None:
        terms = MandateTerms(mandate.enabled, mandate.percent, mandate.daily_max, mandate.minimum)
        with self.deciding() as session:
            known = auto_deduct_mandates.find(session, self.parties[party], currency)
            version = known.version if known else 0
            auto_deduct_mandates.change(session, self.parties[party], currency, terms, version=version, **self.by(who))

    # subscriptions

    def give_subscription(self, who: str, tenant: str, until: datetime) -> None:
        with self.deciding() as session:
            made = subscriptions.create(session, tenant, until, **self.under(who)).id
        self.subscriptions[tenant] = made

    def change_subscription(self, who: str, tenant: str, kind: str, until: datetime) -> None:
        with self.deciding() as session:
            mine = SubscriptionChanges(session, self.subscriptions[tenant], **self.under(who))
            if kind == "renewed":
                mine.renew(until, WHY)
            elif kind == "extended":
                mine.extend(until, WHY)
            elif kind == "suspended":
                mine.suspend(WHY)
            elif kind == "resumed":
                mine.resume(WHY)
            else:
                mine.revert(WHY)

    # jobs

    def run(self, job: str, at: datetime | None = None, *, dry_run: bool = False) -> None:
        """Somebody runs it by hand, for now or for an instant that is over."""
        if job == "watch":
            with self.deciding() as session:
                if not dry_run:
                    approvals.expire_due(session, self.moved.at, job_actor("watch"))
                    disputes.expire_due(session, self.moved.at, job_actor("watch"))
                    reminders.write(session, self.moved.at, self.settings)
            return
        with self.deciding() as session:
            run = runs.trigger(session, job, actor=ACTORS["Divine"], at=at, dry_run=dry_run).id
        run_here(self.runtime, run)

    def tick(self, jobs: Sequence[str]) -> list[datetime | None]:
        """The clock claims what is due of these jobs, twice, as two schedulers do; returns the slots that ran."""
        made: list[int] = []
        for job in jobs:
            with self.deciding() as session:
                ours = slots.claim(session, job, self.moved.at)
            with self.deciding() as session:
                ours += slots.claim(session, job, self.moved.at)
            for run in [*ours, *ours]:
                run_job(self.runtime, run)
            made += ours
        if not made:
            return []
        with self.runtime.db.reading() as session:
            return [runs.get(session, run).slot for run in made]

    def pause(self, who: str, job: str) -> None:
        with self.deciding() as session:
            schedules.pause(session, job, WHY, **self.by(who))

    def resume(self, who: str, job: str) -> None:
        with self.deciding() as session:
            schedules.resume(session, job, **self.by(who))

    def switch(self, who: str, *, stop: bool) -> None:
        change = kill_switch.stop if stop else kill_switch.resume
        with self.deciding() as session:
            change(session, WHY, **self.by(who))

    # what it is now

    def _version(self, session: Session, number: int) -> int:
        return session.scalars(select(Escrow.version).where(Escrow.id == self.escrows[number])).one()

    def approval_statuses(self, session: Session) -> dict[int, str]:
        return dict(session.execute(select(Approval.id, Approval.status)).all())
