"""What jobs, the world and people do to a payout schedule, one step at a time, and what holds after each."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from tests.services.payouts.payout_story import AMOUNT, ENDED_UNPAID, Books, There
from tests.support.arguments import ByActor, ByActorUnderSettings, OfVersion
from tests.support.market import CHIKA, DIVINE, Market, undone
from webapp.domain.actors import job_actor
from webapp.domain.providers.idempotency_keys import payout_reference
from webapp.domain.providers.provider_results import ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import ApprovalStatus
from webapp.errors import NotAllowed, Refusal
from webapp.jobs.steps import send_payouts
from webapp.models import Approval, Payout
from webapp.providers.http.errors import CallFailed, no_response
from webapp.services.approvals import approvals
from webapp.services.common import installation
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import payouts
from webapp.services.payouts import rerouting as payout_rerouting
from webapp.services.payouts import retries as payout_retries
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts import stops as payout_stops
from webapp.services.payouts.schedules import schedules as payout_schedules

JOB = job_actor("process_payout_schedules")
WAYS = {"NGN": "paystack"}
WORK = ("night", "minute", "minute", "minute", "killed", "slow", "slow_ends", "items")
WORLD = ("bank", "turn", "turn", "hours", "hours", "day", "month", "copied", "copy_sends", "hook", "hook")
PEOPLE = ("change", "read", "retry", "pay_now", "run", "put", "approve_account", "reject_account", "keep", "redirect")
LATE = ("overhear", "late")
DECISIONS = ("cancel", "cancel_plan", "ask", "say_paid", "say_back", "approve", "claw_back", "write_off")
STEPS = (*WORK, *WORK, *WORLD, *WORLD, *LATE, *PEOPLE, *DECISIONS)


class Steps(Books):
    """A schedule's payouts, and everything that is done to them."""

    def __init__(self, market: Market, dice: Random) -> None:
        super().__init__(market, dice)
        self.told: dict[int, ProviderStatus] = {}
        self.counted: dict[int, int] = {}
        self.written_off: set[int] = set()
        self.shown: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.held: list[tuple[payouts.ClaimedPayout, ProviderResult]] = []
        self.heard: list[tuple[int, ProviderResult]] = []
        self.copies: list[tuple[str, int]] = []
        self.odd: dict[int, bool] = {}
        """Whether the last word of its provider about a payout was of another amount."""

    def step(self, name: str) -> None:
        self.at += timedelta(minutes=self.dice.choice((1, 4, 30)))
        self.bank.at = self.at
        try:
            with undone(self.session):
                getattr(self, f"_{name}")()
        except Refusal:
            pass
        self.session.expire_all()

    # what jobs do

    def _night(self) -> None:
        self._write(payout_schedules.due(self.at).select)

    def _items(self) -> None:
        """*Retry failed items*."""
        failed = [each.id for each in self.payouts() if each.status in ENDED_UNPAID]
        if payout_retries.schedules_of(self.session, failed):
            self._write(payout_schedules.due(self.at, is_retry=True).select, as_before=True)

    def _run(self) -> None:
        if self.asked:
            asked = self.asked.pop(0)
            self._write(payout_schedules.due(self.at, asked["schedule"]).select, asked["terms"], asked["shown"])

    def _write(self, due: Any, terms: str | None = None, shown: str | None = None, as_before: bool = False) -> None:
        if self.plan_id not in [row.id for row in self.session.execute(due)]:
            return
        before, now, plan, to = len(self.payouts()), self.terms(), self.plan(), self.in_use()
        last = next(((each.amount, each.destination_id) for each in self.payouts() if each.id == plan.payout_id), None)
        how: ByActor = {"at": self.at, "actor": JOB}
        payout_creation.create_all(self.session, [self.plan_id], routes=WAYS, terms=terms, as_before=as_before, **how)
        self.session.expire_all()
        made = self.payouts()[before:]
        if made:
            assert to is not None
            assert shown in (None, now), "paid by other terms than a person read"
            if as_before:
                assert (made[0].amount, made[0].destination_id) == last, "paid again otherwise than it had failed"
            self.expected[made[0].id] = (plan.amount, to.id)
            assert (made[0].amount, made[0].destination_id) == (plan.amount, to.id)

    def _take(self) -> list[tuple[payouts.ClaimedPayout, ProviderResult]]:
        taken = payouts.claim_due(self.session, self.at, 10, send_payouts.LEASE, ["paystack"])
        return [(each, self._word(each)) for each in taken]

    def _word(self, taken: payouts.ClaimedPayout) -> ProviderResult:
        try:
            return send_payouts.send(self.runtime, taken)
        except CallFailed as failure:
            return no_response(failure)

    def _minute(self) -> None:
        for taken, word in self._take():
            self._settle(taken.id, word, taken)

    def _killed(self) -> None:
        """A process that is killed settles nothing."""
        self._take()

    def _slow(self) -> None:
        self.held += self._take()

    def _slow_ends(self) -> None:
        held, self.held = self.held, []
        for taken, word in held:
            self._settle(taken.id, word, taken)

    def _ask(self) -> None:
        payout = self._some()
        if payout is not None:
            how: ByActor = {"at": self.at, "actor": DIVINE}
            taken = payouts.claim_one(self.session, payout.id, send_payouts.LEASE, **how)
            self._settle(taken.id, self._word(taken), taken)

    def _settle(self, payout_id: int, word: ProviderResult, taken: payouts.ClaimedPayout | None = None) -> None:
        before = payouts.get(self.session, payout_id).status
        claims = None if taken is None else {payout_id: taken.claim}
        outcome = payout_settlement.settle_all(self.session, {payout_id: word}, at=self.at, actor=JOB, claims=claims)
        self.session.expire_all()
        payout = payouts.get(self.session, payout_id)
        assert outcome.done + len(outcome.failed) + len(outcome.refused) == 1, "one payout is one item"
        self.counted[payout_id] = self.counted.get(payout_id, 0) + outcome.amounts.get("NGN", 0)
        assert self.counted[payout_id] <= payout.amount, "its amount counts once"
        is_new = payout.status in ENDED_UNPAID and before not in ENDED_UNPAID
        is_guess = payout.ref in self.bank.refused_as_there and not isinstance(word, ProviderResponse)
        assert not (is_new and is_guess), "it is there already, and nobody looked how it is"
        if isinstance(word, ProviderResponse) and word.status != ProviderStatus.ABSENT:
            self.odd[payout_id] = (
                word.status in (ProviderStatus.SUCCEEDED, ProviderStatus.PENDING) and word.amount != payout.amount
            )
        over = (ProviderStatus.SUCCEEDED, ProviderStatus.FAILED, ProviderStatus.REVERSED)
        if isinstance(word, ProviderResponse) and word.status in over and word.amount == payout.amount:
            self.told[payout_id] = word.status

    # what the world does

    def _bank(self) -> None:
        self.bank.moves()

    def _turn(self) -> None:
        """Its provider changes its mind, and tells."""
        for each in self.bank.there.values():
            each.become("failed" if each.is_out else "success")
        if self.dice.random() < 0.7:
            self._hook()

    def _hours(self) -> None:
        self.at += timedelta(hours=self.dice.choice((1, 3, 7)))

    def _day(self) -> None:
        self.at += timedelta(hours=25)

    def _month(self) -> None:
        self.at += timedelta(days=30)

    def _copied(self) -> None:
        """A copy of the database, which pays this schedule next by what it is now: what is written, or the next."""
        unsent = [(each.ref, each.amount) for each in self.payouts() if each.status == "pending"]
        if unsent or self.plan().status == "pending":
            next_one = payout_reference(
                installation.number(self.session), self.party_ref(), self.plan().ref, len(self.payouts())
            )
            self.copies.append(unsent[0] if unsent else (next_one, self.plan().amount))

    def _copy_sends(self) -> None:
        for ref, amount in self.copies:
            if ref not in self.bank.there:
                self.bank.there[ref] = There(amount, by_copy=True)

    def _hook(self) -> None:
        """A webhook makes us ask, whatever the payout is with us, twice perhaps."""
        payout = self._some()
        for _ in range(self.dice.choice((1, 2))):
            if payout is not None:
                self._settle(payout.id, self._looked(payout.ref))

    def _overhear(self) -> None:
        payout = self._some()
        if payout is not None:
            self.heard.append((payout.id, self._looked(payout.ref)))

    def _late(self) -> None:
        """What was asked before is settled after what was asked since."""
        self.dice.shuffle(self.heard)
        while self.heard:
            self._settle(*self.heard.pop())

    def _looked(self, ref: str) -> ProviderResult:
        try:
            return send_payouts._fetched(self.bank, ref)
        except CallFailed as failure:
            return no_response(failure)

    def _some(self) -> Payout | None:
        known = self.payouts()
        return self.dice.choice(known) if known else None

    # what people do

    def _change(self) -> None:
        plan = self.plan()
        amount = self.dice.choice((plan.amount, AMOUNT, 1_000))
        due_at = self.at + self.dice.choice((timedelta(minutes=-5), timedelta(hours=5), timedelta(days=20)))
        payout_schedules.change(
            self.session,
            plan.id,
            amount=amount,
            due_at=due_at,
            guarantee_completion_date=None,
            placement=None,
            version=plan.version,
            at=self.at,
            actor=DIVINE,
        )

    def _read(self) -> None:
        self.shown.append(self.terms())

    def _retry(self) -> None:
        payout = self._some()
        if payout is not None:
            shown = self._page()
            self._asked(payouts.retry(self.session, payout.id, at=self.at, actor=DIVINE, shown=shown), shown)

    def _pay_now(self) -> None:
        shown = self._page()
        self._asked(payout_schedules.trigger(self.session, self.plan_id, at=self.at, actor=DIVINE, shown=shown), shown)

    def _page(self) -> str:
        """What a person has read: now, or a while ago."""
        return self.dice.choice([*self.shown[-1:], self.terms()])

    def _asked(self, run: Any, shown: str) -> None:
        self.finish_runs()
        self.asked.append({**run.parameters, "shown": shown})
        if self.dice.random() < 0.6:
            self._run()

    def _put(self) -> None:
        self.destination(ago=self.dice.choice((timedelta(0), timedelta(days=2))))

    def _approve_account(self) -> None:
        to = self.in_use()
        if to is not None:
            payout_destinations.approve(self.session, to.id, at=self.at, actor=CHIKA, settings=self.settings)

    def _reject_account(self) -> None:
        to = self.in_use()
        if to is not None:
            payout_destinations.reject(self.session, to.id, "Not theirs.", at=self.at, actor=CHIKA)

    def _keep(self) -> None:
        for payout in self._stopped():
            payout_rerouting.keep_account(self.session, payout.id, version=payout.version, at=self.at, actor=DIVINE)
            to = self.in_use()
            self.kept[payout.id] = to.id if to else 0

    def _redirect(self) -> None:
        for payout in self._stopped():
            payout_rerouting.redirect(self.session, payout.id, version=payout.version, at=self.at, actor=DIVINE)
            to = self.in_use()
            self.expected[payout.id] = (payout.amount, to.id if to else 0)

    def _stopped(self) -> list[Payout]:
        return [each for each in self.payouts() if payout_stops.is_account_changed(self.session, each)]

    def _cancel(self) -> None:
        for payout in self.payouts():
            if payout.status == "pending":
                how: ByActorUnderSettings = {"at": self.at, "actor": DIVINE, "settings": self.settings}
                payouts.cancel(self.session, payout.id, "Not now.", **how)

    def _cancel_plan(self) -> None:
        if self.dice.random() < 0.3:
            payout_schedules.cancel(self.session, self.plan_id, "Not now.", at=self.at, actor=DIVINE)

    def _say_paid(self) -> None:
        self._propose("payout.mark_paid")

    def _say_back(self) -> None:
        self._propose("payout.give_back")

    def _propose(self, action: str) -> None:
        for payout in self.payouts():
            if payout.status in ("sending", "sent"):
                before = payout.status
                decided = self._decide(action, payout)
                assert not decided.executed, "one person settles it"
                assert payouts.get(self.session, payout.id).status == before
                with pytest.raises(NotAllowed), undone(self.session):
                    self._say_yes(decided.approval, DIVINE)

    def _approve(self) -> None:
        """A second person looks it up at the provider: that is the truth."""
        mine = select(Approval).where(Approval.status == ApprovalStatus.PROPOSED)
        for each in self.session.scalars(mine).all():
            there = self.bank.there.get(payouts.get(self.session, each.subject_id).ref)
            paid = there is not None and there.state == "success"
            back = there is None or not there.is_out
            try:
                with undone(self.session):
                    self._approve_if(each, paid if each.action == "payout.mark_paid" else back)
            except Refusal:
                how: ByActor = {"at": self.at, "actor": CHIKA}
                approvals.reject(self.session, each.id, "It changed.", **how)

    def _approve_if(self, approval: Approval, is_true: bool) -> None:
        if is_true:
            self._say_yes(approval, CHIKA)
        else:
            approvals.reject(self.session, approval.id, "It is not so.", at=self.at, actor=CHIKA)

    def _say_yes(self, approval: Any, who: Any) -> None:
        approvals.approve(self.session, approval.id, at=self.at, actor=who, settings=self.settings)

    def _claw_back(self) -> None:
        self._bear("payout.claw_back")

    def _write_off(self) -> None:
        self._bear("payout.write_off")

    def _bear(self, action: str) -> None:
        for payout in self.payouts():
            if payout.paid_after_all_at is not None and self._decide(action, payout).executed:
                (self.written_off.add if action == "payout.write_off" else self.written_off.discard)(payout.id)

    def _decide(self, action: str, payout: Payout) -> Any:
        how: OfVersion = {"version": payout.version, "at": self.at, "actor": DIVINE, "settings": self.settings}
        return payout_decisions.decide(self.session, action, payout.id, "Seen at the bank.", **how)
