"""A desk beside its model: each step is done by both, and then both know the same."""

import os
import pickle
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import cache, wraps
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model import explained, observation, told
from tests.model.bank import Bank, OneBank
from tests.model.drawn import LAST, chosen
from tests.model.moved_clock import MovedClock
from tests.model.plain import decisions, explanations, letters, nights
from tests.model.plain.amounts import Amounts
from tests.model.plain.books import Refused
from tests.model.plain.desk import Desk
from tests.model.plain.facts import JOBS
from tests.model.product import Product
from tests.model.product_payouts import ProductPayouts
from tests.model.product_runs import ProductRuns
from tests.model.worlds import PARTIES, WITH_WALLETS, Worlds
from tests.support.market import all_books_agree
from webapp.errors import Refusal
from webapp.runtime import Runtime

BOOKS_EVERY = 10
"""After so many steps the ledger's own checks are asked, which take longer than a step."""
ASKED_AT_ONCE = 2
"""After a step so many escrows are asked why they are not paid: a pause and the switch change the answer of all."""
STOPPED_FOR = 4
HEARD = 1 if "MODEL_STEPS" in os.environ else 4
"""On one desk of so many it is asked what each person is told."""
TICK = timedelta(seconds=1)
Condition = Callable[[Any], bool]


def always(_machine: Any) -> bool:
    return True


def step(when: Condition = always, weight: int = 2, **choices: Any) -> Callable[[Any], Any]:
    """A step of any order. What is chosen for it is noted before it is taken, so that the order can be taken again."""

    def declared(method: Any) -> Any:
        @wraps(method)
        def noted(self: Any, **given: Any) -> None:
            self.taken.append((method.__name__, given))
            try:
                method(self, **given)
                self.flows_again()
            except BaseException:
                self.is_wrong = True
                raise

        method.when, method.noted, method.choices, method.weight = when, noted, choices, weight
        return method

    return declared


def knows(what: str) -> Callable[[Any], bool]:
    """Whether there is something of a kind to do anything with."""
    return lambda machine: bool(getattr(machine.model, what))


def by_services(runtime: Runtime, clock: MovedClock, bank: Bank) -> tuple[Product, ProductPayouts]:
    """The desk's services are called, as its jobs and pages call them."""
    product = Product(runtime, clock)
    return product, ProductPayouts(product, bank)


@cache
def _steps(machine: type[Any]) -> list[Any]:
    """All that may be next."""
    return [each for name in dir(machine) if hasattr(each := getattr(machine, name), "noted")]


class ComparedDesk(RuleBasedStateMachine):
    """One desk, and its model."""

    worlds: ClassVar[Worlds]
    asked: ClassVar[Callable[[Runtime, MovedClock, Bank], tuple[Product, ProductPayouts]]] = staticmethod(by_services)
    """By which way the desk is asked."""

    is_to_stop: ClassVar[Callable[[], None]] = staticmethod(lambda: None)
    """Asked before each step; raises when there is to be none."""

    tally: ClassVar[Counter[str]] = Counter()
    """How often each step was done, and how often refused, since the tests began."""

    last: ClassVar["ComparedDesk | None"] = None
    """The one that was made last."""

    def __init__(self) -> None:
        super().__init__()
        type(self).last = self
        self.open = ExitStack()
        runtime, self.clock = self.open.enter_context(type(self).worlds())
        self.bank = Bank()
        runtime.__dict__["providers"] = OneBank(self.bank)
        self.product, self.paid_out = type(self).asked(runtime, self.clock, self.bank)
        self.made = ProductRuns(self.product)
        self.model = Desk(self.clock.at, {name for name, verified in PARTIES.items() if verified})
        self.model.books.wallets = {(name, each) for name, some in WITH_WALLETS.items() for each in some}
        self.model.planned = dict.fromkeys(JOBS, self.clock.at)
        self.references = self.stopped_for = 0
        self.seen: observation.Facts = {}
        self.told: Counter[tuple[str, Any]] = Counter()
        self.written: Counter[tuple[str, str, Amounts]] = Counter()
        self.said: dict[int, tuple[explanations.Reasons, str]] = {}
        """What each escrow last said rightly of why it is not paid, and its state then."""
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.dice_of_desk = 0
        self.is_wrong = False

    @property
    def hears(self) -> bool:
        """Whether it is asked what each person is told, which takes a third of a step."""
        return self.dice_of_desk % HEARD == 0

    def teardown(self) -> None:
        """Every book agrees, and each escrow that is not paid says why; unless a step went wrong, which says more."""
        try:
            if not self.is_wrong:
                if self.taken:
                    self._is_the_same()
                self.explained(*range(len(self.model.escrows)))
                all_books_agree(self.product.runtime)
        finally:
            self.open.close()

    def _is_the_same(self) -> None:
        """All is as it was after the last step, in tables too that no statement named; nobody was told more."""
        self._look(whole=True)
        different = observation.difference(observation.of_model(self.model), self.seen)
        assert not different, f"at the end:\n{different}"
        assert not self.told + self.written, f"at the end the desk tells {dict(self.told)} and {dict(self.written)}"

    @initialize(draw=st.integers(0, 2**64))
    def begins(self, draw: int) -> None:
        self.dice_of_desk = draw

    @rule(draw=st.integers(0, 2**64))
    def takes_a_step(self, draw: int) -> None:
        """Any that is possible. A die chooses it and what for, of what the library draws and of the place: the
        library's own choices repeat themselves, which is good for values and leaves most of an order refused.
        """
        type(self).is_to_stop()
        dice = Random(f"{self.dice_of_desk} {draw} {len(self.taken)}")
        possible = [each for each in _steps(type(self)) if each.when(self)]
        found = dice.choices(possible, [each.weight for each in possible])[0]
        found.noted(self, **chosen(dice, found.choices))

    # one step

    def both(self, name: str, ask_model: Callable[[Desk], Any], ask_desk: Callable[[], Any]) -> bool:
        """Do it with both; says whether it was done. Both do it or both refuse it, and know the same afterwards."""
        before, wanted, refusal = pickle.dumps(self.model), None, ""
        self.moves(TICK)
        self.model.events, self.model.letters = [], []
        answer: Any = None
        try:
            wanted = ask_model(self.model)
        except Refused as refused:
            refusal = str(refused)
            self.model = pickle.loads(before)
            self.model.now = self.clock.at
            self.model.events, self.model.letters = [], []
        theirs = ""
        try:
            answer = ask_desk()
        except Refusal as refused:
            theirs = refused.detail
        assert refusal or not theirs, f"{name}: the desk refuses what the model does: {theirs}"
        assert theirs or not refusal, f"{name}: the desk does what the model refuses: {refusal}"
        assert answer == wanted, f"{name}: the desk answers {answer}, the model {wanted}"
        self.tally[f"{name}{' refused' if refusal else ''}"] += 1
        self.compare(name)
        return not refusal

    def decide(self, who: str, action: str, subject: Any, *, stale: bool = False, **payload: Any) -> bool:
        def ask_model(model: Desk) -> str:
            if stale:
                raise Refused("it changed since the form was read")
            return decisions.decide(model, who, action, subject, **payload)

        named = self.model.transfers[subject] if action.startswith("transfer.") else subject
        return self.both(action, ask_model, lambda: self.product.decide(who, action, named, stale, **payload))

    def book(self, who: str, party: str, verb: str, amount: int, currency: str) -> None:
        self.references += 1
        reference = f"money-{self.references}"
        self.decide(who, f"party.{verb}", party, amount=amount, currency=currency, reference=reference)

    def compare(self, name: str) -> None:
        """State, balances, freezes, proposals, events and the ledger's own checks.

        Tables that nobody wrote into are as they were; every few steps, and at the end, all are read all the same.
        """
        is_thorough = len(self.taken) % BOOKS_EVERY == 0
        self._look(whole=is_thorough)
        different = observation.difference(observation.of_model(self.model), self.seen)
        if is_thorough:
            different += observation.wrong_in_books(self.product)
        assert not different, f"after {name}:\n{different}"
        due = Counter(self.model.events)
        were, self.told = self.told, Counter()
        assert were == due, (
            f"after {name}: the desk tells {dict(were - due)} too much and {dict(due - were)} too little"
        )
        if self.hears:
            wanted, self.written, got = Counter(letters.told(self.model)), Counter(), self.written
            assert got == wanted, f"after {name}: told {dict(got - wanted)} too much, {dict(wanted - got)} too little"
        self.explained()

    def _look(self, *, whole: bool = False) -> None:
        """What the desk has become, and whom it told what since it was last asked."""
        written, product = set(self.product.written), self.product
        product.written.clear()
        known = {} if whole else self.seen
        if written or not known:
            with product.runtime.db.reading() as session:
                self.seen = observation.of_desk(session, product, self.paid_out, known, written)
                if whole or "event" in written:
                    self.told += told.events(session, product, self.paid_out, self.model.transfers)
        if self.hears and (whole or written & {"event", "delivery"}):
            self.written += told.letters(product)

    def flows_again(self) -> None:
        """Money is not stopped for long: little can be done meanwhile."""
        self.stopped_for = self.stopped_for + 1 if self.model.is_stopped else 0
        if self.stopped_for > STOPPED_FOR:
            self.both(
                "flow",
                lambda model: nights.switch(model, "Divine", stop=False),
                lambda: self.product.switch("Divine", stop=False),
            )

    def moves(self, by: timedelta) -> None:
        """Time goes by, for both."""
        self.clock.move(self.clock.at + by)
        self.model.now = self.clock.at

    def some(self, what: str, which: int, fitting: Callable[[Any], bool] = bool) -> int:
        """One of those that there are, the newest for 0: of those that fit, if there are any, but for the last."""
        known = list(enumerate(getattr(self.model, what)))
        wanted = [number for number, each in known if which < LAST and fitting(each)]
        chosen = wanted or [number for number, _ in known]
        return chosen[-1 - which % len(chosen)]

    def _works(self, ask: Callable[[Desk], Any]) -> bool:
        try:
            ask(pickle.loads(pickle.dumps(self.model)))
        except Refused:
            return False
        return True

    def explained(self, *more: int) -> None:
        """Each escrow that is not paid says why: for the reasons that the model knows, the answer first.

        Some are asked whose answer must be another one by now, the newest first, and more; the others of those after
        the steps that follow, if it still is. Every few steps one is asked besides, by turns.
        """
        right = {number: self._right_reasons(number) for number in range(len(self.model.escrows))}
        changed = [number for number in reversed(right) if self.said.get(number) != right[number]][:ASKED_AT_ONCE]
        is_turn = right and len(self.taken) % BOOKS_EVERY == 0
        by_turns = [len(self.taken) // BOOKS_EVERY % len(right)] if is_turn else []
        asked = sorted({*changed, *more, *by_turns})
        if not asked:
            return
        with self.product.runtime.db.reading() as session:
            for number in asked:
                told, (due, _) = explained.reasons(session, self.product, number, self.clock.at), right[number]
                was_tried = not told or told[0][0].startswith(("refund ", "debt"))
                if was_tried:  # Only a run that failed stands there, which the model does not keep.
                    due = [each for each in due if each[0] not in ("nothing", "paused")]
                assert told == due, f"why is it not paid: escrow {number} says {told}, the model {due}"
        self.said |= {number: right[number] for number in asked}

    def _right_reasons(self, number: int) -> tuple[explanations.Reasons, str]:
        return explanations.reasons(self.model, number), self.model.escrows[number].status
