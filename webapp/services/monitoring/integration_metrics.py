"""How much waits, or went wrong, between the desk and the world outside: counts for those who watch, from indexes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import (
    UNSETTLED_PAYOUTS,
    Channel,
    DeliveryStatus,
    InboundWebhookStatus,
    PaymentStatus,
    PayoutStatus,
)
from webapp.models import DailyFigure, Delivery, InboundWebhook, Payment, Payout
from webapp.services.monitoring import provider_health
from webapp.services.reconciliation import discrepancies
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Outside:
    """Counts by what they are about."""

    payments_in_review: int
    payouts_unsettled: int
    payouts_failed: int
    deliveries: dict[tuple[Channel, DeliveryStatus], int]
    """Those that wait and those that are dead, of every channel."""
    inbound_webhooks: dict[str, int]
    """Webhooks of the providers that are stored and not handled, or out of attempts; by status."""
    circuits: dict[str, bool]
    """Whether the circuit is open, of every provider that is configured."""
    discrepancies: dict[str, int]
    """Open discrepancies by the book they are with."""


def outside(session: Session, settings: Settings) -> Outside:
    """All of it, as the database knows it now."""
    payouts = _counts(session, Payout.status, (*UNSETTLED_PAYOUTS, PayoutStatus.FAILED))
    return Outside(
        payments_in_review=sum(_counts(session, Payment.status, [PaymentStatus.NEEDS_REVIEW]).values()),
        payouts_unsettled=sum(payouts[status] for status in UNSETTLED_PAYOUTS),
        payouts_failed=payouts[PayoutStatus.FAILED],
        deliveries=_deliveries(session),
        inbound_webhooks=_counts(
            session, InboundWebhook.status, (InboundWebhookStatus.RECEIVED, InboundWebhookStatus.FAILED)
        ),
        circuits={line.line: line.is_failing for line in _configured(session, settings)},
        discrepancies={wiring.name: 0 for wiring in provider_health.wirings(settings) if wiring.is_configured}
        | discrepancies.open_counts(session),
    )


def currencies(session: Session) -> list[str]:
    """Every currency that the desk ever held money in."""
    return list(session.scalars(select(DailyFigure.currency).distinct().order_by(DailyFigure.currency)))


def _configured(session: Session, settings: Settings) -> Iterable[provider_health.ProviderHealth]:
    return (line for line in provider_health.health(session, settings) if line.wiring.is_configured)


def _counts(session: Session, status: Any, wanted: Iterable[str]) -> dict[str, int]:
    """How many there are of each of these states, none included."""
    found = session.execute(select(status, func.count()).where(status.in_(list(wanted))).group_by(status)).all()
    return dict.fromkeys(map(str, wanted), 0) | {str(state): count for state, count in found}


def _deliveries(session: Session) -> dict[tuple[Channel, DeliveryStatus], int]:
    pairs = [(channel, status) for channel in Channel for status in (DeliveryStatus.WAITING, DeliveryStatus.DEAD)]
    kind = (Delivery.channel, Delivery.status)
    query = select(*kind, func.count()).where(
        Delivery.channel.in_(list(Channel)), Delivery.status.in_((DeliveryStatus.WAITING, DeliveryStatus.DEAD))
    )
    found = {(channel, status): count for channel, status, count in session.execute(query.group_by(*kind))}
    return {pair: found.get(pair, 0) for pair in pairs}
