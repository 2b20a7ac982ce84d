"""What people do in a case, and what becomes of it with time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.model.compared import TICK, ComparedDesk, knows, step
from tests.model.drawn import HANDLING, WHICH, WHO
from tests.model.plain import cases, nights
from tests.model.plain.desk import Desk, Escrow


def is_held(escrow: Escrow) -> bool:
    return escrow.status == "held"


def silent(_number: int) -> None:
    """What the model numbers is numbered by the desk otherwise."""


class CaseSteps(ComparedDesk):
    """Steps of any order that are about disputes and warranty claims, but for their decisions."""

    @step(knows("escrows"), who=WHO, which=WHICH, kind=["dispute", "warranty_claim"])
    def open_dispute(self, who: str, which: int, kind: str) -> None:
        self.claim(who, which, kind)

    def claim(self, who: str, which: int, kind: str) -> None:
        number = self.some("escrows", which, is_held)
        self.both(
            "open_dispute",
            lambda model: silent(cases.open_dispute(model, who, number, kind)),
            lambda: self.product.open_dispute(who, number, kind),
        )

    @step(knows("disputes"), who=WHO, which=WHICH)
    def withdraw(self, who: str, which: int) -> None:
        number = self.some("disputes", which, lambda each: each.is_open)
        self.both(
            "withdraw", lambda model: cases.withdraw(model, who, number), lambda: self.product.withdraw(who, number)
        )

    @step(knows("escrows"), who=WHO, which=WHICH, what=HANDLING)
    def handle(self, who: str, which: int, what: Any) -> None:
        """A case is worked on: somebody is asked, answers or is silent, it is escalated, or handed on."""
        if not any(each.is_open for each in self.model.disputes):
            self.claim("Amina", which, "dispute")
        if not self.model.disputes:
            return
        number = self.some("disputes", which, lambda each: each.is_open)
        name, more = what
        if name == "silence":
            self.moves(timedelta(hours=more))
            self.run("watch", 1, 0)
            return
        model_does: dict[str, Callable[[Desk], Any]] = {
            "ask": lambda model: cases.ask(model, who, number, more),
            "answered": lambda model: cases.answered(model, who, number),
            "escalate": lambda model: cases.escalate(model, who, number),
            "assign": lambda model: cases.assign(model, who, number, more),
            "say": lambda model: cases.say(model, who, number, more[0], inbound=more[1]),
        }
        self.both(f"{name} in case", model_does[name], lambda: self.product.handle(who, number, name, more))

    def run(self, job: str, times: int, ago: int) -> None:
        at = self.clock.at + TICK - timedelta(hours=ago)
        for _ in range(times):
            self.both(
                f"run {job}",
                lambda model: nights.run(model, job, at),
                lambda: self.product.run(job, at if ago else None),
            )
