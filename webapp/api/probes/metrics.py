"""Figures for Prometheus, read from the database at each scrape: true for every process, and after a restart."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from webapp.api.probes.integration_gauges import by_label, database_families, outside_families
from webapp.api.probes.job_gauges import job_families
from webapp.domain.states import BackupProof
from webapp.process_figures import ProcessFigures
from webapp.services.analytics import figures
from webapp.services.backups import overview
from webapp.services.monitoring import integration_metrics
from webapp.services.scheduling import job_metrics, processes
from webapp.services.scheduling.job_health import health
from webapp.services.scheduling.queue_depth import waiting
from webapp.services.subscriptions import search
from webapp.settings import Settings


class _Figures:
    """A collector over figures that were read already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        """The families, for the registry."""
        return self._families


def exposition(session: Session, at: datetime, settings: Settings, counted: ProcessFigures) -> bytes:
    """The text that Prometheus reads. A job's figures are those of its last run that ended, zeros before the first;
    what processes count of themselves is as of their last heartbeat.
    """
    jobs, last = health(session, at), job_metrics.last_finished(session)
    held = integration_metrics.currencies(session)
    families = list(job_families(session, jobs, last, held))
    integrations = outside_families(integration_metrics.outside(session, settings))
    registry = CollectorRegistry(auto_describe=False)
    families.append(_of_subscriptions(session))
    families += [*_of_desk(session, at, settings), *integrations, *database_families(session)]
    families += [*_of_backups(session, settings), *counted.families()]
    registry.register(_Figures(families))
    return generate_latest(registry)


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
