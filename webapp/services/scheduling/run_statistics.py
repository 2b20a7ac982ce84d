"""How a job's runs went lately, in figures: how many succeeded, how long they waited and took, how much they did."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.durations import Percentiles, percentiles
from webapp.domain.states import UNFINISHED_RUNS, RunStatus
from webapp.models import Run
from webapp.services.scheduling.bulk_runs import own_runs

NEWEST = 200
"""Runs of a job that its figures are made of."""
_ENDED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.LOST, RunStatus.MISSED)
"""Those that a rate of success is of: a run that was skipped lacked what it needs, and was none."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class RunStatistics:
    """The newest runs of a job that have ended, dry runs and bulk work aside. Lengths of time are in seconds."""

    outcomes: dict[str, int]
    """How many ended in which way."""
    waited: Percentiles | None
    """From being queued to the start. None where nothing ran."""
    took: Percentiles | None
    durations: list[tuple[int, float]]
    """Run and its length, oldest first."""
    earlier: float | None
    later: float | None
    """The median length in the older and in the newer half. None with fewer than four runs."""
    items_per_second: float | None
    """Items done while it ran; None where there were none."""
    runs_per_day: float | None
    """None while they are of one moment."""

    @property
    def ended(self) -> int:
        """How many the rate is of."""
        return sum(self.outcomes.get(status, 0) for status in _ENDED)

    @property
    def success_percent(self) -> float | None:
        """How many of them succeeded, in percent; None where none ended."""
        return 100 * self.outcomes.get(RunStatus.SUCCEEDED, 0) / self.ended if self.ended else None


def of_job(session: Session, job: str) -> RunStatistics:
    """The figures of a job's newest runs: one probe of an index, at most NEWEST rows."""
    columns = (Run.id, Run.status, Run.created_at, Run.started_at, Run.finished_at, Run.processed)
    mine = (Run.job == job, ~Run.dry_run, own_runs(), Run.status.not_in(UNFINISHED_RUNS))
    rows = session.execute(select(*columns).where(*mine).order_by(Run.id.desc()).limit(NEWEST)).all()
    return of_rows(list(reversed(rows)))


def of_rows(rows: Sequence[Any]) -> RunStatistics:
    """The figures of runs given oldest first."""
    ran = [row for row in rows if row.started_at is not None and row.finished_at is not None]
    durations = [(row.id, _seconds(row.started_at, row.finished_at)) for row in ran]
    lengths = [seconds for _, seconds in durations]
    halves = (lengths[: len(ran) // 2], lengths[len(ran) // 2 :]) if len(ran) >= 4 else ([], [])
    earlier, later = (percentiles(half) for half in halves)
    items, busy = sum(row.processed for row in ran), sum(lengths)
    span = rows[-1].created_at - rows[0].created_at if rows else timedelta()
    return RunStatistics(
        outcomes=dict(Counter(str(row.status) for row in rows)),
        waited=percentiles([_seconds(row.created_at, row.started_at) for row in ran]),
        took=percentiles(lengths),
        durations=durations,
        earlier=earlier.p50 if earlier else None,
        later=later.p50 if later else None,
        items_per_second=items / busy if items and busy else None,
        runs_per_day=(len(rows) - 1) / (span / _DAY) if span else None,
    )


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
