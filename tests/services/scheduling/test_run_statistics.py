"""How a job's runs went lately: rates, percentiles and a trend, of the newest runs and of no others."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.declared_jobs import NOON
from webapp.domain.durations import Percentiles, percentiles
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.scheduling import queue_lists, run_statistics
from webapp.services.scheduling.run_statistics import RunStatistics

SECOND = timedelta(seconds=1)


def ended(runtime: Runtime, number: int, took: float, *, waited: float = 1, **more: Any) -> None:
    """A run that was queued so many minutes after noon."""
    queued = NOON + timedelta(minutes=number)
    begun = queued + waited * SECOND
    row = {"job": "auto_release", "at": queued, "trigger": "schedule", "by": "x", "by_name": "x", "amounts": {}}
    row |= {"created_at": queued, "started_at": begun, "finished_at": begun + took * SECOND, "status": "succeeded"}
    with runtime.db.transaction() as session:
        session.add(Run(**row | more))


def figures(runtime: Runtime) -> RunStatistics:
    with runtime.db.reading() as session:
        return run_statistics.of_job(session, "auto_release")


@pytest.mark.parametrize(
    ("lengths", "found"),
    [
        ([], None),
        ([3.0], Percentiles(3, 3, 3)),
        ([2.0, 1.0], Percentiles(1, 2, 2)),
        ([float(each) for each in range(1, 101)], Percentiles(50, 95, 99)),
        ([float(each) for each in range(1, 1_001)], Percentiles(500, 950, 990)),
    ],
)
def test_percentiles_are_lengths_that_were_measured(lengths: list[float], found: Percentiles | None) -> None:
    assert percentiles(lengths) == found


def test_the_rate_is_of_runs_that_ended_and_says_how_they_did(runtime: Runtime) -> None:
    for number, status in enumerate(["succeeded", "succeeded", "partial", "failed", "lost", "skipped"]):
        ended(runtime, number, 1, status=status)
    ended(runtime, 7, 0, status="missed", started_at=None)
    ended(runtime, 8, 1, dry_run=True)
    ended(runtime, 9, 1, status="running", finished_at=None)
    ended(runtime, 10, 1, job="watch", status="failed")

    found = figures(runtime)

    assert found.ended == 6
    assert found.success_percent == pytest.approx(100 * 2 / 6)
    assert found.outcomes == {"succeeded": 2, "partial": 1, "failed": 1, "lost": 1, "skipped": 1, "missed": 1}
    assert len(found.durations) == 6


def test_waits_lengths_trend_and_throughput(runtime: Runtime) -> None:
    for number, took in enumerate([1, 1, 1, 4, 5, 6]):
        ended(runtime, number, took, waited=number, processed=9)

    found = figures(runtime)

    assert (found.earlier, found.later) == (1, 5)
    assert found.waited == Percentiles(2, 5, 5)
    assert found.took == Percentiles(1, 6, 6)
    assert [seconds for _, seconds in found.durations] == [1, 1, 1, 4, 5, 6]
    assert found.items_per_second == pytest.approx(54 / 18)
    assert found.runs_per_day == pytest.approx(24 * 60)


def test_nothing_is_claimed_of_too_little(runtime: Runtime) -> None:
    assert figures(runtime) == RunStatistics({}, None, None, [], None, None, None, None)
    assert figures(runtime).success_percent is None
    ended(runtime, 0, 2)
    found = figures(runtime)
    assert (found.later, found.runs_per_day, found.items_per_second) == (None, None, None)


def test_only_the_newest_are_looked_at(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_statistics, "NEWEST", 3)
    for number, took in enumerate([90, 1, 2, 3]):
        ended(runtime, number, took)
    assert figures(runtime).took == Percentiles(2, 3, 3)


def test_the_queue_tells_the_last_hour(runtime: Runtime) -> None:
    ended(runtime, 0, 5, processed=7)
    ended(runtime, 200, 1, waited=3, processed=2)
    ended(runtime, 201, 2, waited=4, processed=3, status="failed")
    with runtime.db.reading() as session:
        found = queue_lists.throughput(session, NOON + timedelta(minutes=210))
    assert found.ended == {"succeeded": 1, "failed": 1}
    assert (found.waited, found.took, found.items) == (Percentiles(3, 4, 4), Percentiles(1, 2, 2), 5)
