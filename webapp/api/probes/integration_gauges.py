"""What waits between the desk and the world outside, and for locks of its database, as Prometheus reads it."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from webapp.services.monitoring import lock_waits
from webapp.services.monitoring.integration_metrics import Outside


def outside_families(found: Outside) -> list[GaugeMetricFamily]:
    """A family for each figure; what there is none of is told as zero, so that an alert can be written on it."""
    circuits = {provider: int(is_open) for provider, is_open in found.circuits.items()}
    return [
        GaugeMetricFamily(
            "desk_payments_in_review", "Payments that wait for a person's decision.", found.payments_in_review
        ),
        GaugeMetricFamily("desk_payouts_unsettled", "Payouts whose end is not known yet.", found.payouts_unsettled),
        GaugeMetricFamily("desk_payouts_failed", "Payouts that failed.", found.payouts_failed),
        _deliveries(found),
        by_label(
            "desk_inbound_webhooks", "Webhooks of providers not handled, by status.", "status", found.inbound_webhooks
        ),
        by_label("desk_provider_circuit_open", "1 while a provider is left alone.", "provider", circuits),
        by_label(
            "desk_discrepancies_open", "Discrepancies between our books and another.", "book", found.discrepancies
        ),
    ]


def database_families(session: Session) -> Iterator[GaugeMetricFamily]:
    """Who waits for whom in the database, at this moment."""
    found = lock_waits.read(session)
    yield GaugeMetricFamily("desk_database_lock_waits", "Sessions that wait for a lock of another.", found.sessions)
    yield GaugeMetricFamily(
        "desk_database_longest_lock_wait_seconds",
        "How long the first of them has waited.",
        found.longest,
    )


def by_label(name: str, description: str, label: str, figures: Mapping[str, float]) -> GaugeMetricFamily:
    """A family with one label."""
    family = GaugeMetricFamily(name, description, labels=[label])
    for value, figure in sorted(figures.items()):
        family.add_metric([value], figure)
    return family


def _deliveries(found: Outside) -> GaugeMetricFamily:
    description = "What goes out: waiting, or dead after its last attempt."
    family = GaugeMetricFamily("desk_deliveries", description, labels=["channel", "status"])
    for (channel, status), count in sorted(found.deliveries.items()):
        family.add_metric([channel, status], count)
    return family
