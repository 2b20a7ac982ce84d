"""Figures for Prometheus, read from the database at each scrape: true for every process, and after a restart."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from webapp.api.gauges import by_label, outside_families
from webapp.services import outside_figures, processes
from webapp.services.health import JobHealth, health
from webapp.services.queue_figures import waiting
from webapp.services.run_queries import duration_ms
from webapp.settings import Settings

_COUNTED = {"auto_deduct": "retailers_processed"}
"""What the systems before this one called a job's count, where it was not `count`."""
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
"""Jobs whose amounts are told, as `…_total_amount` by currency."""


class _Figures:
    """A collector over figures that were read already."""

    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = list(families)

    def collect(self) -> list[GaugeMetricFamily]:
        """The families, for the registry."""
        return self._families


def exposition(session: Session, at: datetime, settings: Settings) -> bytes:
    """The text that Prometheus reads. A job's figures are those of its last run that ended well, zeros before it."""
    jobs = health(session, at)
    held = outside_figures.currencies(session)
    families = [family for job in jobs for family in _of_job(job, held)]
    told = outside_families(outside_figures.outside(session, settings))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures([*families, *_of_jobs(jobs), *_of_desk(session, at, settings), *told]))
    return generate_latest(registry)


def _of_job(found: JobHealth, held: Sequence[str]) -> Iterator[GaugeMetricFamily]:
    name, run = f"escrow_{found.job}", found.last_good
    count, of = _COUNTED.get(found.job, "count"), f"the last run of {found.job}"
    done, failed, took = (run.succeeded, run.failed, duration_ms(run) or 0) if run else (0, 0, 0)
    yield GaugeMetricFamily(f"{name}_{count}", f"Items that {of} did.", done)
    yield GaugeMetricFamily(f"{name}_duration_ms", f"Milliseconds that {of} took.", took)
    yield GaugeMetricFamily(f"{name}_failures", f"Items that failed in {of}.", failed)
    if found.job in _MOVES_MONEY:
        amounts = dict.fromkeys(held, 0) | (run.amounts if run else {})
        yield by_label(f"{name}_total_amount", f"Minor units that {of} moved.", "currency", amounts)


def _of_jobs(jobs: list[JobHealth]) -> list[GaugeMetricFamily]:
    late = GaugeMetricFamily(
        "desk_job_late", "1 when a job has not run within its interval plus grace.", labels=["job"]
    )
    last = GaugeMetricFamily("desk_job_last_good_timestamp_seconds", "When the last good run ended.", labels=["job"])
    for job in jobs:
        late.add_metric([job.job], int(job.late_since is not None))
        if job.last_good and job.last_good.finished_at:
            last.add_metric([job.job], job.last_good.finished_at.timestamp())
    return [late, last]


def _of_desk(session: Session, at: datetime, settings: Settings) -> list[GaugeMetricFamily]:
    runs = waiting(session, at)
    alive = GaugeMetricFamily("desk_processes", "Processes that are alive.", labels=["kind"])
    for kind in (processes.WORKER, processes.SCHEDULER, processes.WEB):
        found = processes.alive(session, kind, at, timedelta(seconds=settings.silence_seconds))
        alive.add_metric([kind], len(found))
    return [
        GaugeMetricFamily("desk_runs_queued", "Runs that wait for a worker.", runs.queued),
        GaugeMetricFamily("desk_runs_running", "Runs under way.", runs.running),
        GaugeMetricFamily("desk_oldest_queued_seconds", "Age of the run that waits longest.", runs.oldest_seconds),
        alive,
    ]
