"""Runs in which an item breaks, and retries of what failed."""

from datetime import timedelta

from tests.model.case_steps import is_held
from tests.model.compared import TICK, ComparedDesk, knows, step
from tests.model.drawn import HOURS, PAYER, WHICH
from tests.model.plain import nights
from tests.model.plain.desk import Escrow


class RunSteps(ComparedDesk):
    """Steps of any order that are about runs and their items."""

    @step(
        lambda self: any(is_held(each) for each in self.model.escrows) and not self.model.is_stopped,
        which=WHICH,
        hours=HOURS,
    )
    def breaks(self, which: int, hours: int) -> None:
        """A job pays all that is due but one, which breaks."""
        self.moves(timedelta(hours=hours))
        number = self.some("escrows", which, self.is_due)
        job = nights.job_of(self.model.escrows[number].policy)
        at = self.clock.at + TICK
        self.both(
            "run that breaks",
            lambda model: nights.break_at(model, job, at, number),
            lambda: self.made.break_at(job, number),
        )

    def is_due(self, escrow: Escrow) -> bool:
        return is_held(escrow) and not escrow.freezes and escrow.due is not None and escrow.due <= self.clock.at

    @step(knows("runs"), who=PAYER, which=WHICH)
    def retry_failed(self, who: str, which: int) -> None:
        """What failed in a run is tried again, as far as it is due still."""
        number = self.some("runs", which, lambda each: bool(each.failed))
        self.both(
            "retry failed",
            lambda model: nights.retry(model, who, number),
            lambda: self.made.retry(who, number),
        )
