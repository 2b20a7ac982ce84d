"""Deliveries over HTTP: what went out, and sending it again."""

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Id, NewestFirst, Page, to_page
from webapp.api.webhooks.schemas import DeliveryShape
from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery
from webapp.services.notifications import deliveries

endpoints = Endpoints("events")


class DeliveryQuery(NewestFirst):
    """Which deliveries."""

    channel: Channel | None = None
    status: DeliveryStatus | None = None
    endpoint: Id | None = None
    kind: str | None = None


@endpoints.get("/api/v1/deliveries", "delivery:read")
def list_deliveries(call: Call, query: DeliveryQuery) -> Page[DeliveryShape]:
    """Deliveries, newest first."""
    conditions = {
        Delivery.channel: query.channel,
        Delivery.status: query.status,
        Delivery.endpoint_id: query.endpoint,
        Delivery.kind: query.kind,
    }
    return to_page(newest_first(call.session, Delivery, query, conditions), query, DeliveryShape.model_validate)


@endpoints.get("/api/v1/deliveries/<id:delivery_id>", "delivery:read")
def get_delivery(call: Call, delivery_id: int) -> DeliveryShape:
    """One delivery."""
    return DeliveryShape.model_validate(deliveries.get(call.session, delivery_id))


@endpoints.post("/api/v1/deliveries/<id:delivery_id>/redeliver", "delivery:retry", status=202)
def redeliver(call: Call, delivery_id: int) -> DeliveryShape:
    """Send it again within a minute, with all its attempts; a webhook keeps its id."""
    found = deliveries.send_again(call.session, delivery_id, at=call.at, actor=call.actor)
    return DeliveryShape.model_validate(found)
