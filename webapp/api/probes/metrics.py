"""Figures for Prometheus, read from the database at each scrape: true for every process, and after a restart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from webapp.api.probes.integration_gauges import by_label, outside_families
from webapp.domain.states import BackupProof
from webapp.models import Run
from webapp.services.analytics import figures
from webapp.services.backups import overview
from webapp.services.monitoring import integration_metrics
from webapp.services.scheduling import job_metrics, processes
from webapp.services.scheduling.job_health import JobHealth, health
from webapp.services.scheduling.queue_depth import waiting
from webapp.services.scheduling.run_queries import duration_ms
from webapp.services.subscriptions import search
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

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        """The families, for the registry."""
        return self._families


def exposition(session: Session, at: datetime, settings: Settings) -> bytes:
    """The text that Prometheus reads. A job's figures are those of its last run that ended, zeros before the first."""
    jobs, last = health(session, at), job_metrics.last_finished(session)
    held = integration_metrics.currencies(session)
    families = [family for job in jobs for family in _of_job(job.job, last.get(job.job), held)]
    integrations = outside_families(integration_metrics.outside(session, settings))
    registry = CollectorRegistry(auto_describe=False)
    families.append(_of_subscriptions(session))
    families += [*_of_jobs(jobs, last), *_of_desk(session, at, settings), *integrations]
    families += _of_backups(session, settings)
    registry.register(_Figures([*families, *_totals(session)]))
    return generate_latest(registry)


def _of_job(job: str, run: Run | None, held: Sequence[str]) -> Iterator[GaugeMetricFamily]:
    name, count, of = f"escrow_{job}", _COUNTED.get(job, "count"), f"the last run of {job} that ended"
    done, failed, took = (run.succeeded, run.failed, duration_ms(run) or 0) if run else (0, 0, 0)
    yield GaugeMetricFamily(f"{name}_{count}", f"Items that {of} did.", done)
    yield GaugeMetricFamily(f"{name}_duration_ms", f"Milliseconds that {of} took.", took)
    yield GaugeMetricFamily(f"{name}_failures", f"Items that failed in {of}.", failed)
    if job in _MOVES_MONEY:
        amounts = dict.fromkeys(held, 0) | (run.amounts if run else {})
        yield by_label(f"{name}_total_amount", f"Minor units that {of} moved.", "currency", amounts)


def _of_jobs(jobs: list[JobHealth], finished: Mapping[str, Run]) -> list[GaugeMetricFamily]:
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
    (job_metrics.ITEMS, "desk_job_items", "Items of all runs.", "outcome"),
    (job_metrics.MOVED, "desk_job_moved", "Minor units that all runs moved.", "currency"),
)


def _totals(session: Session) -> Iterator[CounterMetricFamily]:
    for what, name, description, label in _TOTALS:
        family = CounterMetricFamily(name, description, labels=["job", label])
        for job, counted in sorted(job_metrics.totals(session, what).items()):
            for value, total in sorted(counted.items()):
                family.add_metric([job, value], total)
        yield family


def _of_backups(session: Session, settings: Settings) -> Iterator[GaugeMetricFamily]:
    """None of them before the first backup: an age of nothing would be a number."""
    found = overview.read(session, settings)
    if found.newest is not None:
        yield GaugeMetricFamily(
            "desk_backup_timestamp_seconds", "When the newest backup was begun.", found.newest.started_at.timestamp()
        )
        yield GaugeMetricFamily("desk_backup_size_bytes", "Size of the newest backup.", found.newest.size or 0)
        is_proven = int(found.newest.proof == BackupProof.PROVEN)
        yield GaugeMetricFamily("desk_backup_proven", "1 when the newest backup was restored and is whole.", is_proven)


def _of_subscriptions(session: Session) -> GaugeMetricFamily:
    return by_label("desk_subscriptions", "Subscriptions of tenants.", "status", search.by_status(session))


_CLOSED = "The end, in UTC, of the last day whose analytics are all there; 0 when there is none."


def _end_of_closed_days(session: Session) -> float:
    day = figures.last_closed(session)
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + 86_400 if day else 0.0


def _of_desk(session: Session, at: datetime, settings: Settings) -> list[GaugeMetricFamily]:
    runs = waiting(session, at)
    alive = GaugeMetricFamily("desk_processes", "Processes that are alive.", labels=["kind"])
    for kind in (processes.WORKER, processes.SCHEDULER, processes.WEB):
        found = processes.alive(session, kind, at, timedelta(seconds=settings.silence_seconds))
        alive.add_metric([kind], len(found))
    return [
        GaugeMetricFamily("desk_analytics_closed_timestamp_seconds", _CLOSED, _end_of_closed_days(session)),
        GaugeMetricFamily("desk_runs_queued", "Runs that wait for a worker.", runs.queued),
        GaugeMetricFamily("desk_runs_running", "Runs under way.", runs.running),
        GaugeMetricFamily("desk_oldest_queued_seconds", "Age of the run that waits longest.", runs.oldest_seconds),
        alive,
    ]
