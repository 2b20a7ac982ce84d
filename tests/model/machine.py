"""Any order of what people and jobs do, told to the desk and to its model."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.model.case_steps import CaseSteps, is_held, silent
from tests.model.compared import TICK, ComparedDesk, knows, step
from tests.model.drawn import (
    ADMIN,
    AMOUNT,
    APPROVER,
    CORRECTION,
    CURRENCY,
    HOURS,
    HOW,
    JOB,
    LAST,
    MANDATE,
    MOST,
    ORDER,
    PARTY,
    PAYMENT_DECISION,
    RESOLUTION,
    SAID,
    SHARE,
    STALE,
    VERB,
    WHICH,
    WHO,
)
from tests.model.payout_steps import PayoutSteps
from tests.model.plain import cases, chargebacks, decisions, nights, orders, parties, payments
from tests.model.plain.desk import Desk, Escrow, Mandate, Payment
from tests.model.run_steps import RunSteps
from tests.model.tenant_steps import TenantSteps


def is_free(escrow: Escrow) -> bool:
    return escrow.status == "held" and not escrow.freezes


def persons_of(escrow: Escrow) -> list[str]:
    """Who froze it."""
    return [who for cause, who in escrow.freezes if cause == "person"]


def has_refund(payment: Payment) -> bool:
    """Whether its provider has one to speak of."""
    return payment.refund is not None and not payment.is_covered


def is_unpaid(escrow: Escrow) -> bool:
    return escrow.status == "pending_payment"


class DeskMachine(CaseSteps, PayoutSteps, RunSteps, TenantSteps, ComparedDesk):
    """Everything that may be done."""

    # orders and escrows

    @step(lambda self: len(self.model.escrows) < MOST, 6, who=ADMIN, order=ORDER)
    def order(self, who: str, order: dict[str, Any]) -> None:
        self.create(who, **order)

    def create(
        self,
        who: str,
        terms: str,
        pair: Any,
        amount: int,
        currency: str,
        policy: str,
        fee: int,
        due: Any,
        tenant: Any = None,
    ) -> None:
        buyer, seller = pair
        due_at = None if due is None or policy in ("completion", "buffer") else self.clock.at + timedelta(hours=due)
        new = Escrow(buyer, seller, policy, currency, amount, amount * fee // 10, due_at, self.clock.at + TICK)
        more = {"policy": policy, "fee": new.fee, "release_at": due_at, "tenant": tenant}
        self.both(
            "create",
            lambda model: silent(orders.create(model, who, new, terms, tenant)),
            lambda: self.product.create(who, terms, buyer, seller, amount, currency, **more),
        )

    @step(knows("escrows"), who=ADMIN, which=WHICH)
    def complete(self, who: str, which: int) -> None:
        number = self.some("escrows", which, lambda each: each.order == "in_progress")
        self.both(
            "complete",
            lambda model: orders.complete(model, who, number),
            lambda: self.product.complete(who, number),
        )

    def cancel(self, who: str, which: int) -> None:
        number = self.some("escrows", which, is_unpaid)
        self.both("cancel", lambda model: orders.cancel(model, who, number), lambda: self.product.cancel(who, number))

    @step(knows("escrows"), who=WHO, which=WHICH, hours=HOURS)
    def extend(self, who: str, which: int, hours: int) -> None:
        number, due = self.some("escrows", which, is_held), self.clock.at + timedelta(hours=hours)
        self.both(
            "extend",
            lambda model: orders.extend(model, who, number, due),
            lambda: self.product.extend(who, number, due),
        )

    @step(knows("escrows"), who=WHO, which=WHICH, lift=[True, True, False])
    def freeze(self, who: str, which: int, lift: bool) -> None:
        """A person's freeze; or one is lifted, by anybody who may."""
        if not lift:
            number = self.some("escrows", which, is_held)
            self.both(
                "freeze", lambda model: orders.freeze(model, who, number), lambda: self.product.freeze(who, number)
            )
            return
        number = self.some("escrows", which, lambda each: bool(persons_of(each)))
        whose = min(persons_of(self.model.escrows[number]), default="Amina")
        self.both(
            "unfreeze",
            lambda model: orders.unfreeze(model, who, number, whose),
            lambda: self.product.unfreeze(who, number, whose),
        )

    # payments

    @step(lambda self: any(is_unpaid(each) for each in self.model.escrows), 4, who=ADMIN, which=WHICH, said=SAID)
    def pay(self, who: str, which: int, said: str) -> None:
        """A payment is begun, and its provider answers, or tells nothing yet."""
        number = self.some("escrows", which, is_unpaid)
        if self.both(
            "begin payment",
            lambda model: payments.begin(model, who, number),
            lambda: self.product.begin(who, number),
        ):
            self.hear(len(self.model.payments) - 1, said)

    @step(when=knows("payments"), which=WHICH, said=SAID, hours=[0, 0, 25])
    def answer(self, which: int, said: str, hours: int = 0) -> None:
        """Its provider answers, whatever the payment is with us; about one that was marked paid it knows nothing."""
        self.moves(timedelta(hours=hours))
        self.hear(self.some("payments", which, lambda each: each.status == "pending"), said)

    def hear(self, number: int, said: str) -> None:
        if self.model.payments[number].through != "manual":
            self.both(
                f"{said} payment",
                lambda model: payments.answer(model, number, said),
                lambda: self.product.answer(number, self.model.payments[number].has, said),
            )

    @step(when=knows("payments"), who=WHO, which=WHICH, stale=STALE, verb=PAYMENT_DECISION)
    def decide_payment(self, who: str, which: int, verb: str, stale: bool) -> None:
        wanted = {"mark_paid": ("pending", "failed", "expired")}.get(verb, ("needs_review",))
        is_taken = verb in ("claw_back", "write_off")
        number = self.some("payments", which, lambda each: each.status in wanted and bool(each.undecided) == is_taken)
        self.decide(who, f"payment.{verb}", number, stale=stale)

    @step(
        when=lambda self: any(has_refund(each) for each in self.model.payments),
        which=WHICH,
        paid=[True, True, False],
        less=[False] * 4 + [True],
    )
    def refund_answer(self, which: int, paid: bool, less: bool = False) -> None:
        """The provider says what became of a refund, another time something else perhaps, or that it gave less."""
        number = self.some("payments", which, lambda each: each.refund == "waiting")
        said = "less" if less else "processed" if paid else "failed"
        if has_refund(self.model.payments[number]):
            self.both(
                f"refund {said}",
                lambda model: payments.refund_answer(model, number, said),
                lambda: self.product.refund_answer(number, said),
            )

    @step(
        lambda self: any(chargebacks.may_claim(self.model, each) for each in self.model.payments),
        which=WHICH,
        said=["open", "open", "won", "lost", "accepted"],
    )
    def bank_disputes(self, which: int, said: str) -> None:
        """The payer's bank wants the money of a payment back, does so no more, or has it."""
        number = self.some("payments", which % LAST, lambda each: chargebacks.may_claim(self.model, each))
        self.both(
            f"chargeback {said}",
            lambda model: chargebacks.hear(model, number, said),
            lambda: self.product.hear_chargeback(number, said),
        )

    # decisions

    @step(knows("escrows"), who=WHO, which=WHICH, stale=STALE)
    def release(self, who: str, which: int, stale: bool) -> None:
        self.decide_escrow(who, which, "release", stale)

    @step(knows("escrows"), who=WHO, which=WHICH, stale=STALE)
    def refund(self, who: str, which: int, stale: bool) -> None:
        self.decide_escrow(who, which, "refund", stale)

    @step(lambda self: any(is_unpaid(each) for each in self.model.escrows), who=WHO, which=WHICH)
    def give_up(self, who: str, which: int) -> None:
        """One that was never paid: by its order, or by a decision."""
        if which % 2:
            self.cancel(who, which)
        else:
            self.decide_escrow(who, which, "void", False)

    def decide_escrow(self, who: str, which: int, verb: str, stale: bool) -> None:
        number = self.some("escrows", which, is_unpaid if verb == "void" else is_free)
        self.decide(who, f"escrow.{verb}", number, stale=stale)

    @step(knows("disputes"), who=WHO, which=WHICH, resolution=RESOLUTION, share=SHARE, stale=STALE)
    def resolve(self, who: str, which: int, resolution: str, share: int, stale: bool) -> None:
        number = self.some("disputes", which, lambda each: each.is_open)
        part = self.model.escrows[self.model.disputes[number].escrow].amount * share // 10
        self.decide(who, "dispute.resolve", number, stale=stale, resolution=resolution, seller_amount=part)

    @step(
        knows("transfers"), who=ADMIN, which=WHICH, verb=CORRECTION,
          to_debt=[True, False], share=SHARE)  # fmt: skip
    def reverse(self, who: str, which: int, verb: str, to_debt: bool, share: int) -> None:
        number = self.some("transfers", which, lambda each: not each.is_reversed and each.escrow is not None)
        escrow = self.model.transfers[number].escrow
        part = 0 if escrow is None else self.model.escrows[escrow].amount * share // 10
        self.decide(who, f"transfer.{verb}", number, to_debt=to_debt, seller_amount=part)

    @step(knows("proposals"), who=APPROVER, which=WHICH, yes=[True, True, False])
    def second(self, who: str, which: int, yes: bool) -> None:
        number = self.some("proposals", which, lambda each: each.status == "proposed")
        if yes:
            self.both(
                "approve",
                lambda model: decisions.approve(model, who, number),
                lambda: self.product.approve(who, number),
            )
        else:
            self.both(
                "reject", lambda model: decisions.reject(model, who, number), lambda: self.product.reject(who, number)
            )

    # parties

    @step(who=ADMIN, party=PARTY, verb=VERB, amount=AMOUNT, currency=CURRENCY, mandate=MANDATE)
    def party(self, who: str, party: str, verb: str, amount: int, currency: str, mandate: Any) -> None:
        """Money from outside, a debt, a repayment, a wallet by hand, or a standing order."""
        if verb == "wallet":
            self.open_wallet(who, party, currency)
        elif verb == "mandate":
            self.set_mandate(who, party, currency, *mandate)
        else:
            self.book(who, party, verb, amount, currency)

    def open_wallet(self, who: str, party: str, currency: str) -> None:
        self.both(
            "open_wallet",
            lambda model: parties.open_wallet(model, who, party, currency),
            lambda: self.product.open_wallet(who, party, currency),
        )

    def set_mandate(self, who: str, party: str, currency: str, percent: Any, most: Any, least: Any, on: bool) -> None:
        mandate = Mandate(percent, most, least, on)
        self.both(
            "set_mandate",
            lambda model: parties.set_mandate(model, who, party, currency, mandate),
            lambda: self.product.set_mandate(who, party, currency, mandate),
        )

    # jobs and clocks

    @step(weight=5, who=ADMIN, job=JOB, how=HOW, ago=[0, 0, 0, 30], hours=HOURS)
    def job(self, who: str, job: str, how: str, ago: int, hours: int) -> None:
        """Some time goes by and the schedulers look; or it is run by hand, twice perhaps, for now or an instant ago;
        or dry; it is paused or resumed; all money is stopped.
        """
        if how == "tick":
            self.moves(timedelta(hours=hours))
            self.tick(list(self.model.planned) if job == "watch" else [job])
        elif how in ("toggle", "repeat") and job != "watch":
            self.pause(who, job, (job in self.model.paused) == (how == "repeat"))
        elif how in ("switch", "toggle", "repeat"):
            self.switch(who, not self.model.is_stopped)
        elif how == "dry":
            self.both("dry run", lambda model: None, lambda: self.product.run(job, dry_run=True))
        else:
            self.run(job, 2 if how == "twice" else 1, ago)

    def tick(self, jobs: list[str]) -> None:
        self.both(
            f"tick {jobs[0] if len(jobs) == 1 else 'all'}",
            lambda model: [slot for slot in [nights.tick(model, job) for job in jobs] if slot],
            lambda: self.product.tick(jobs),
        )

    def pause(self, who: str, job: str, pause: bool) -> None:
        self.both(
            "pause" if pause else "resume",
            lambda model: (nights.pause if pause else nights.resume)(model, who, job),
            lambda: (self.product.pause if pause else self.product.resume)(who, job),
        )

    def switch(self, who: str, stop: bool) -> None:
        self.both(
            "stop" if stop else "flow",
            lambda model: nights.switch(model, who, stop=stop),
            lambda: self.product.switch(who, stop=stop),
        )

    # what may be done next

    @step(knows("escrows"), which=WHICH)
    def next_steps(self, which: int) -> None:
        """What could be done to an escrow now is what the model says, and a page offers just that; nothing is done.
        It says why it is not paid.
        """
        number = self.some("escrows", which)
        later = self.clock.at + timedelta(days=900)
        tries: dict[str, tuple[Callable[[Desk], Any], Callable[[], Any]]] = {
            "complete": (
                lambda m: orders.complete(m, "Divine", number),
                lambda: self.product.complete("Divine", number),
            ),
            "cancel": (lambda m: orders.cancel(m, "Divine", number), lambda: self.product.cancel("Divine", number)),
            "extend": (
                lambda m: orders.extend(m, "Amina", number, later),
                lambda: self.product.extend("Amina", number, later),
            ),
            "dispute": (
                lambda m: cases.open_dispute(m, "Amina", number, "dispute"),
                lambda: self.product.open_dispute("Amina", number, "dispute"),
            ),
        }
        for verb in ("release", "refund", "void"):
            action = f"escrow.{verb}"
            tries[action] = (
                lambda m, action=action: decisions.decide(m, "Amina", action, number),  # type: ignore[misc]
                lambda action=action: self.product.decide("Amina", action, number),  # type: ignore[misc]
            )
        for name, (ask_model, ask_desk) in tries.items():
            works = self._works(ask_model)
            assert self.product.would(ask_desk) == works, f"{name}: only {'the model' if works else 'the desk'} does it"
            if name.startswith("escrow."):
                offered = self.product.offered(name, number)
                assert offered == works, f"{name}: a page {'offers' if offered else 'hides'} it"
        self.explained(number)
        self.tally["next steps"] += 1
