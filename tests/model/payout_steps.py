"""What people, jobs and a provider do about payouts."""

from datetime import timedelta

from tests.model.compared import TICK, ComparedDesk, knows, step
from tests.model.drawn import (
    ADMIN,
    APPROVER,
    BANK_TURN,
    HOURS,
    MOOD,
    PARTY,
    PAYER,
    PAYOUT_CURRENCY,
    PAYOUT_DECISION,
    PLAN_AMOUNT,
    PLAN_DUE,
    WHICH,
)
from tests.model.plain import banks, nights, payouts
from tests.model.plain.desk import Payout, Plan, Run

MOST_PLANS = 8


def may_settle(payout: Payout) -> bool:
    return payout.status in ("sending", "sent")


def is_of_payouts(run: Run) -> bool:
    return run.job == nights.PAYS_OUT_BY


def came_back(payout: Payout) -> bool:
    return payout.status in ("failed", "reversed")


class PayoutSteps(ComparedDesk):
    """Steps of any order that are about payouts."""

    @step(lambda self: any(is_of_payouts(each) and each.failed for each in self.model.runs), 4, who=PAYER, mood=MOOD)
    def pay_out_again(self, who: str, mood: str) -> None:
        """What failed in the last such run of payouts is tried again, as far as it is due still."""
        self.model.bank_says = self.bank.mood = mood
        runs = enumerate(self.model.runs)
        number = [at for at, each in runs if is_of_payouts(each) and each.failed][-1]
        self.both(
            "retry payout run",
            lambda model: nights.retry(model, who, number),
            lambda: self.made.retry(who, number),
        )

    @step(knows("plans"), who=ADMIN, party=PARTY[:2], second=APPROVER, yes=[None, True, True, True, False])
    def other_destination(self, who: str, party: str, second: str, yes: bool | None) -> None:
        """A party has another account; somebody approves it, gives it up, or lets it wait."""
        self.destination(who, party, second, yes)

    def destination(self, who: str, party: str, second: str, yes: bool | None) -> None:
        self.both(
            "put destination",
            lambda model: payouts.put_destination(model, who, party, "NGN"),
            lambda: self.paid_out.put_destination(who, party, "NGN"),
        )
        if yes is not None and self.model.destinations:
            number = self.some("destinations", 0)
            self.both(
                "approve destination" if yes else "reject destination",
                lambda model: payouts.decide_destination(model, second, number, yes=yes),
                lambda: self.paid_out.decide_destination(second, number, yes=yes),
            )

    @step(
        lambda self: len(self.model.plans) < MOST_PLANS,
        who=ADMIN,
        party=PARTY[:2],
        amount=PLAN_AMOUNT,
        currency=PAYOUT_CURRENCY,
        due=PLAN_DUE,
        guarantee=[None, None, None, 9],
        ready=[True, True, True, False],
    )
    def plan(
        self, who: str, party: str, amount: int, currency: str, due: int, guarantee: int | None, ready: bool
    ) -> None:
        """A payout to be; mostly of a party that has an account, and money for it."""
        if ready:
            self.prepare(party, amount)
        ends = None if guarantee is None else self.clock.at + timedelta(hours=guarantee)
        due_at = self.clock.at + timedelta(hours=due)
        self.both(
            "plan payout",
            lambda model: payouts.plan(model, who, Plan(party, currency, amount, due_at, ends)),
            lambda: self.paid_out.plan(who, Plan(party, currency, amount, due_at, ends)),
        )

    def prepare(self, party: str, amount: int) -> None:
        self.book("Divine", party, "deposit", amount + 7, "NGN")
        if payouts.in_use(self.model, party, "NGN") is None:
            self.destination("Divine", party, "Chika", True)

    @step(knows("plans"), who=ADMIN, which=WHICH, amount=PLAN_AMOUNT, due=PLAN_DUE, keep=[True, True, False])
    def change_plan(self, who: str, which: int, amount: int, due: int, keep: bool) -> None:
        number = self.some("plans", which, lambda each: each.status in payouts.PAYABLE)
        due_at = self.clock.at + timedelta(hours=due)
        if keep:
            self.both(
                "change plan",
                lambda model: payouts.change_plan(model, who, number, amount, due_at),
                lambda: self.paid_out.change_plan(who, number, amount, due_at),
            )
        else:
            self.both(
                "cancel plan",
                lambda model: payouts.cancel_plan(model, who, number),
                lambda: self.paid_out.cancel_plan(who, number),
            )

    @step(knows("plans"), who=PAYER, which=WHICH, mood=MOOD, how=["job", "now", "now", "retry"], hours=HOURS)
    def pay_out(self, who: str, which: int, mood: str, how: str, hours: int) -> None:
        """All that is due, one by hand, or one again that came back; its provider is in some mood."""
        self.model.bank_says = self.bank.mood = mood
        if how == "job":
            self.moves(timedelta(hours=hours))
            at = self.clock.at + TICK
            self.both(
                "run process_payout_schedules",
                lambda model: nights.pay_out(model, at),
                self.made.pay_out,
            )
        elif how == "now":
            number = self.some("plans", which, lambda each: each.status in payouts.PAYABLE)
            self.both(
                "pay now",
                lambda model: payouts.pay_now(model, who, number),
                lambda: self.paid_out.pay_now(who, number),
            )
        elif self.model.payouts:
            number = self.some("payouts", which, came_back)
            self.both(
                "retry payout",
                lambda model: payouts.retry(model, who, number),
                lambda: self.paid_out.retry(who, number),
            )

    @step(knows("payouts"), who=PAYER, which=WHICH, state=BANK_TURN, heard=["hook", "hook", "ask", "no"])
    def bank_turns(self, who: str, which: int, state: str | None, heard: str) -> None:
        """Something happens to one at its provider, which tells, or is asked, or not."""
        is_late = state == "success" and which % 2
        number = self.some("payouts", which, came_back if is_late else may_settle)
        if state is not None:
            self.paid_out.turn(number, state)
            banks.turn(self.model.payouts[number], state)
        if heard == "hook":
            self.both(f"{state} payout", lambda model: banks.hear(model, number), lambda: self.paid_out.hear(number))
        elif heard == "ask":
            self.both(
                "ask about payout",
                lambda model: banks.ask(model, who, number),
                lambda: self.paid_out.ask(who, number),
            )

    @step(knows("payouts"), who=ADMIN, which=WHICH)
    def cancel_payout(self, who: str, which: int) -> None:
        number = self.some("payouts", which, lambda each: each.status == "pending")
        self.both(
            "cancel payout",
            lambda model: payouts.cancel(model, who, number),
            lambda: self.paid_out.cancel(who, number),
        )

    @step(knows("payouts"), who=APPROVER, which=WHICH, verb=PAYOUT_DECISION, hours=[0, 0, 25])
    def decide_payout(self, who: str, which: int, verb: str, hours: int) -> None:
        """Two people settle it otherwise, or say who bears what is out twice."""
        self.moves(timedelta(hours=hours))
        is_late = verb in ("claw_back", "write_off")
        number = self.some("payouts", which, lambda each: bool(each.after_all) if is_late else may_settle(each))
        self.decide(who, f"payout.{verb}", number)
