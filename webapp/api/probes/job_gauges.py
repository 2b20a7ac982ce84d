"""What jobs do, as Prometheus reads it: `desk_job_…`, a series for each job, in base units.

The two first jobs were watched before there was a desk: theirs are told under the names of that time too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from webapp.api.probes.integration_gauges import by_label
from webapp.models import Run
from webapp.services.scheduling import job_metrics
from webapp.services.scheduling.job_health import JobHealth
from webapp.services.scheduling.run_queries import duration_ms

KEPT = {"auto_release": "count", "auto_deduct": "retailers_processed"}
"""Jobs whose first names are kept, and what their count was called."""
_MOVES_MONEY = frozenset(
    {
        "auto_deduct",
        "auto_release",
        "check_pending_payments",
        "process_payout_schedules",
        "release_completed_orders",
        "release_pending_earnings",
        "release_placement_holds",
    }
)
"""Jobs whose amounts are told, by currency."""


def job_families(
    session: Session, jobs: Sequence[JobHealth], last: Mapping[str, Run], currencies: Sequence[str]
) -> Iterator[Metric]:
    """Of each job: how it is, what its last run that ended did, and totals. Zeros before the first run."""
    names = [each.job for each in jobs]
    for name in names:
        if name in KEPT:
            yield from _under_first_names(name, last.get(name), currencies)
    yield from _of_health(jobs, last)
    yield from _of_last_runs(names, last, currencies)
    yield from _totals(session, names)


def _under_first_names(job: str, run: Run | None, currencies: Sequence[str]) -> Iterator[Metric]:
    name, of = f"escrow_{job}", f"the last run of {job} that ended"
    done, failed, took = (run.succeeded, run.failed, duration_ms(run) or 0) if run else (0, 0, 0)
    yield GaugeMetricFamily(f"{name}_{KEPT[job]}", f"Items that {of} did.", done)
    yield GaugeMetricFamily(f"{name}_duration_ms", f"Milliseconds that {of} took.", took)
    yield GaugeMetricFamily(f"{name}_failures", f"Items that failed in {of}.", failed)
    amounts = dict.fromkeys(currencies, 0) | (run.amounts if run else {})
    yield by_label(f"{name}_total_amount", f"Minor units that {of} moved.", "currency", amounts)


def _of_last_runs(names: Sequence[str], last: Mapping[str, Run], currencies: Sequence[str]) -> Iterator[Metric]:
    def items(run: Run) -> dict[str, float]:
        return {"succeeded": run.succeeded, "failed": run.failed, "skipped": run.skipped}

    def amounts(run: Run) -> dict[str, float]:
        return dict.fromkeys(currencies, 0) | run.amounts

    outcomes, held = dict.fromkeys(("succeeded", "failed", "skipped"), 0.0), dict.fromkeys(currencies, 0.0)
    of = "the last run that ended"
    yield _each("desk_job_last_run_items", f"Items of {of}.", "outcome", names, last, items, outcomes)
    money = [name for name in names if name in _MOVES_MONEY]
    yield _each("desk_job_last_run_moved", f"Minor units that {of} moved.", "currency", money, last, amounts, held)
    took = {name: (duration_ms(last[name]) or 0) / 1000 if name in last else 0 for name in names}
    yield by_label("desk_job_last_run_duration_seconds", f"Seconds that {of} took.", "job", took)


def _each(
    family: str,
    description: str,
    label: str,
    names: Sequence[str],
    last: Mapping[str, Run],
    of: Callable[[Run], dict[str, float]],
    before: dict[str, float],
) -> Metric:
    found = GaugeMetricFamily(family, description, labels=["job", label])
    for name in names:
        for value, figure in sorted((of(last[name]) if name in last else before).items()):
            found.add_metric([name, value], figure)
    return found


def _of_health(jobs: Sequence[JobHealth], finished: Mapping[str, Run]) -> list[Metric]:
    late = GaugeMetricFamily(
        "desk_job_late", "1 when a job has not run within its interval plus grace.", labels=["job"]
    )
    last = GaugeMetricFamily("desk_job_last_good_timestamp_seconds", "When the last good run ended.", labels=["job"])
    ended = GaugeMetricFamily("desk_job_last_finished_timestamp_seconds", "When the last run ended.", labels=["job"])
    how = GaugeMetricFamily("desk_job_last_run", "1 by how the last run that ended did.", labels=["job", "status"])
    for name, run in sorted(finished.items()):
        how.add_metric([name, run.status], 1)
        if run.finished_at:
            ended.add_metric([name], run.finished_at.timestamp())
    for job in jobs:
        late.add_metric([job.job], int(job.late_since is not None))
        if job.last_good and job.last_good.finished_at:
            last.add_metric([job.job], job.last_good.finished_at.timestamp())
    return [late, last, ended, how]


_TOTALS = (
    (job_metrics.RUNS, "desk_job_runs", "Runs that have ended.", "status"),
    (job_metrics.ITEMS, "desk_job_items", "Items of all runs that have ended.", "outcome"),
    (job_metrics.MOVED, "desk_job_moved", "Minor units that all runs that have ended moved.", "currency"),
)
_PLAIN_TOTALS = (
    (job_metrics.CHUNKS, "desk_job_chunks", "Transactions in which runs did their items, as they are committed."),
    (job_metrics.TAKEOVERS, "desk_job_lease_takeovers", "Runs whose lease ran out and that were taken over or lost."),
)


def _totals(session: Session, names: Sequence[str]) -> Iterator[Metric]:
    for what, name, description, label in _TOTALS:
        family = CounterMetricFamily(name, description, labels=["job", label])
        for job, counted in sorted(job_metrics.totals(session, what).items()):
            for value, total in sorted(counted.items()):
                family.add_metric([job, value], total)
        yield family
    for what, name, description in _PLAIN_TOTALS:
        family = CounterMetricFamily(name, description, labels=["job"])
        totals = job_metrics.totals(session, what)
        for job in sorted({*names, *totals}):
            family.add_metric([job], sum(totals.get(job, {}).values()))
        yield family
