"""Figures for Prometheus, read from the database at each scrape: true for every process, and after a restart."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from webapp.services import processes
from webapp.services.health import JobHealth, health
from webapp.services.queue_figures import waiting
from webapp.services.run_queries import duration_ms
from webapp.settings import Settings

_COUNTED = {"auto_deduct": "retailers_processed"}
"""What the systems before this one called a job's count, where it was not `count`."""
_PAID = {"auto_deduct": "total_amount", "auto_release": "total_amount"}


class _Figures:
    """A collector over figures that were read already."""

    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = list(families)

    def collect(self) -> list[GaugeMetricFamily]:
        """The families, for the registry."""
        return self._families


def exposition(session: Session, at: datetime, settings: Settings) -> bytes:
    """The text that Prometheus reads. A job's figures are those of its last run that ended well."""
    jobs = health(session, at)
    families = [family for job in jobs for family in _of_job(job)]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures([*families, *_of_jobs(jobs), *_of_desk(session, at, settings)]))
    return generate_latest(registry)


def _of_job(found: JobHealth) -> list[GaugeMetricFamily]:
    name, run = f"escrow_{found.job}", found.last_good
    if run is None:
        return []
    count = _COUNTED.get(found.job, "count")
    families = [
        GaugeMetricFamily(f"{name}_{count}", f"Items that the last run of {found.job} did.", run.succeeded),
        GaugeMetricFamily(
            f"{name}_duration_ms", f"Milliseconds that the last run of {found.job} took.", duration_ms(run) or 0
        ),
        GaugeMetricFamily(f"{name}_failures", f"Items that failed in the last run of {found.job}.", run.failed),
    ]
    if found.job in _PAID:
        families.append(
            _amounts(f"{name}_{_PAID[found.job]}", f"Minor units the last run of {found.job} moved.", run.amounts)
        )
    return families


def _amounts(name: str, told: str, amounts: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=["currency"])
    for currency, amount in sorted(amounts.items()):
        family.add_metric([currency], amount)
    return family


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
