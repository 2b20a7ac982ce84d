"""Every order of what a provider, its webhooks, a copy and people do to a payout schedule: it is paid once, and ends.

    PAYOUT_ORDERS=20000 python -m pytest tests/services/payouts/test_orders.py -k random -s

tries so many orders, and prints the seed; `PAYOUT_SEED` tries the same ones again.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random, SystemRandom

import pytest
from sqlalchemy import func, select

from tests.services.payouts.payout_steps import JOB, STEPS, Steps
from tests.services.payouts.payout_story import ENDED_UNPAID, HELD, UNDER_WAY
from tests.support.market import Undone, forgotten, undone
from webapp import jobs
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.domain.states import AccountKind
from webapp.models import Account, Alert, Payout
from webapp.runtime import Runtime
from webapp.services.alerts import registry as alert_registry
from webapp.services.approvals import approvals
from webapp.services.ledger import integrity_checks
from webapp.services.ledger import posting as ledger_posting
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.scheduling import schedules

WATCHED = timedelta(days=26)
MANY = int(os.environ.get("PAYOUT_ORDERS", "0"))
SEED = int(os.environ.get("PAYOUT_SEED") or (SystemRandom().randrange(10**9) if MANY else 17))
FIXED = (
    ("read", "change", "pay_now", "run"),
    ("night", "minute", "bank", "hook", "read", "change", "pay_now", "run"),
    ("read", "pay_now", "change", "run", "minute"),
    ("copied", "copy_sends", "night", "minute"),
    ("night", "copied", "copy_sends", "minute"),
    ("copied", "change", "copy_sends", "night", "minute", "hook", "day", "hook"),
)
"""Orders that a guard's absence makes wrong; chance rarely meets them."""
RULES = ("payout_unsettled", "payout_account_changed", "payout_in_doubt", "payout_needs_person")


class Story(Steps):
    """A schedule's payouts, and everything that is done to them."""

    def step(self, name: str) -> None:
        super().step(name)
        self.check()

    # what has to hold

    def check(self) -> None:
        known, there = self.payouts(), self.bank.there
        ours = {each.ref for each in known}
        trusted = [ref for ref, it in there.items() if it.is_out and not (ref in ours and self._may_surprise(ref))]
        assert len(trusted) <= 1, "paid twice"
        for payout in known:
            if payout.status in ENDED_UNPAID:
                self._check_unpaid(payout)
            assert self._alerts_of("payout_other_amount", payout) == self.odd.get(payout.id, False), "of another amount"
            if payout.status == "succeeded":
                assert payout.ref in there, "counts as paid, and is not there"
                assert there[payout.ref].was_paid, "counts as paid, and it did not go"
        out = sum(each.amount for each in known if each.status not in ENDED_UNPAID)
        lost = sum(each.amount for each in known if each.status == "succeeded" and each.id in self.written_off)
        clearing, losses, own = self._balances()
        assert clearing == self.base + out
        assert -losses == lost, "the platform bears what was written off and did not come back"
        assert own == HELD - out + lost, "what came back is in the wallet once"

    def _balances(self) -> tuple[int, int, int]:
        """At the provider, the platform's losses, and what the party has with us less what it owes."""
        ledger_posting.settle_pools(self.session)
        clearing = (Account.kind == AccountKind.CLEARING) & (Account.owner == "paystack")
        sides = (clearing, Account.kind == AccountKind.LOSSES, Account.party_id == self.party)
        sums = [func.coalesce(func.sum(Account.balance).filter(side), 0) for side in sides]
        found = self.session.execute(select(*sums)).one()
        return int(found[0]), int(found[1]), int(found[2])

    def _check_unpaid(self, payout: Payout) -> None:
        is_out = self._is_out(payout) and not self._may_surprise(payout.ref)
        assert not is_out, f"it is {payout.status}, and the money is out"
        twice = payout.paid_after_all_at is not None
        if payout.id in self.told:
            assert twice == (self.told[payout.id] == ProviderStatus.SUCCEEDED), (
                "paid after all, and nobody says so, or not"
            )
        assert self._alerts_of("payout_contradicted", payout) == twice, "an alert is as long as the case"
        if payout.sent_at is not None and payout.settled_at is not None and self.at < payout.settled_at + WATCHED:
            assert payout.recheck_at is not None, f"it is {payout.status}, may be there, and nobody asks"

    def _alerts_of(self, rule: str, payout: Payout) -> int:
        about = (Alert.rule == rule, Alert.subject == f"payout {payout.ref}", Alert.status == "firing")
        return len(self.session.scalars(select(Alert.id).where(*about)).all())

    def _is_out(self, payout: Payout) -> bool:
        there = self.bank.there.get(payout.ref)
        return there is not None and there.is_out

    def _may_surprise(self, ref: str) -> bool:
        """Whether its provider changed its mind about it, or a copy sent it: only asking can tell."""
        there = self.bank.there[ref]
        return there.turned or there.by_copy

    def end(self) -> None:
        """The provider answers and pays, what is late arrives, people decide what waits."""
        self.bank.is_honest = True
        self.step("slow_ends")
        self.step("late")
        for number in range(9):
            self.bank.settles()
            self.at += timedelta(days=4)
            approvals.expire_due(self.session, self.at, JOB)
            for payout in self.payouts() if number == 1 else ():
                self._settle(payout.id, self._looked(payout.ref))
            Steps.step(self, "minute")
            for name in self._waiting(number):
                Steps.step(self, name)
            self.check()

    def _waiting(self, number: int) -> list[str]:
        """What people have to do now."""
        states = {each.status for each in self.payouts()}
        steps = ["cancel"] if "pending" in states and number > 3 else []
        steps += ["redirect", "keep"] if "pending" in states else []
        steps += ["approve", "say_paid", "approve", "say_back", "approve"] if states & {"sending", "sent"} else []
        twice = any(each.paid_after_all_at is not None for each in self.payouts())
        return steps + (["cancel", self.dice.choice(("claw_back", "write_off"))] if twice else [])

    def check_end(self) -> None:
        known, there = self.payouts(), self.bank.there
        for payout in known:
            assert payout.status not in UNDER_WAY, f"{payout.status}, and no way on"
            assert payout.paid_after_all_at is None, "nobody can decide"
            assert (payout.status == "succeeded") == self._is_out(payout)
        if all(there[each.ref].amount == each.amount for each in known if each.ref in there):
            out = sum(there[each.ref].amount for each in known if self._is_out(each))
            assert self._balances()[0] == self.base + out
        found = alert_registry.rules()
        for name in RULES:
            assert list(found[name].question(self.session, self.at, self.settings)) == []
        assert list(integrity_checks.checks(self.session)) == []


def orders(number: int) -> Iterator[Random]:
    """So many sources of chance, the same for the same seed."""
    for each in range(number):
        yield Random(f"{SEED}-{each}")


def tell(runtime: Runtime, told: Sequence[Random], fixed: Sequence[str] = ()) -> None:
    """Each order on the same desk, which forgets it afterwards; `fixed` steps with each source of chance, if given.

    Names the order that goes wrong.
    """
    with forgotten(runtime) as market:
        market.limit(10**15)
        schedules.register(market.session, [jobs.registry()[payout_schedules.JOB]], market.at)
        for number, dice in enumerate(told):
            steps = fixed or ["night", *dice.choices(STEPS, k=dice.randint(4, 16))]
            try:
                with undone(market.session):
                    _tell(Story(market, dice), steps)
                    raise Undone
            except Undone:
                market.session.expunge_all()
            except BaseException:
                print(f"\nseed {SEED}, order {number}: {steps}")
                raise


def _tell(story: Story, steps: Sequence[str]) -> None:
    for name in steps:
        story.step(name)
    story.end()
    story.check_end()


@pytest.mark.parametrize("steps", FIXED, ids="-".join)
def test_orders_that_went_wrong_once_end_right(sqlite_runtime: Runtime, steps: Sequence[str]) -> None:
    tell(sqlite_runtime, list(orders(10)), steps)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_random_orders_end_right(sqlite_runtime: Runtime) -> None:
    print(f"\nseed {SEED}")
    tell(sqlite_runtime, list(orders(MANY or 30)))


@pytest.mark.long
def test_random_orders_end_right_on_postgresql(pg_runtime: Runtime) -> None:
    tell(pg_runtime, list(orders(4)))
