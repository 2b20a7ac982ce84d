"""What a periodic job declares about itself in code. Admins may change its schedule; this is what it starts from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.domain.scheduling.recurrence import Recurrence, default_grace
from webapp.domain.states import CatchUp


@dataclass(frozen=True)
class JobSpec:
    """A job's name, its title, its one-line description, and the defaults of its schedule."""

    name: str
    description: str
    cron: str
    zone: str = "UTC"
    grace: timedelta | None = None
    """None: a 24th of the interval, at least two minutes."""
    max_duration: timedelta = timedelta(minutes=10)
    long_run: timedelta = timedelta(minutes=5)
    failed_items_percent: int = 10
    catch_up: CatchUp = CatchUp.ONCE
    moves_money: bool = True
    """Whether money may move in it, or through what it sends. Only a job that says no is taken to move none."""
    title: str = ""
    """What it does, in a few words: what people read first, with the name small beside it."""

    def grace_at(self, at: datetime) -> timedelta:
        """The grace of the default schedule."""
        return self.grace or default_grace(Recurrence(self.cron, self.zone).interval(at))
