"""Messages and webhooks that arrived, and the events that they told of."""

from webapp.domain.states import DeliveryStatus
from webapp.domain.words import phrase
from webapp.models import Delivery, Event
from webapp.services.retention.registry import RetentionKind, declare

_SETTING = "MESSAGE_RETENTION_DAYS"
_ENDED = (DeliveryStatus.DELIVERED, DeliveryStatus.CANCELLED)

declare(
    RetentionKind(
        "deliveries",
        phrase("Messages and webhooks that arrived or were cancelled"),
        Delivery,
        _SETTING,
        lambda before: Delivery.status.in_(_ENDED) & (Delivery.created_at < before),
        order=30,
    )
)
declare(
    RetentionKind(
        "events",
        phrase("Events that were sent"),
        Event,
        _SETTING,
        lambda before: (Event.sent_at < before) & (Event.at < before),
        order=40,
    )
)
