"""Events over HTTP: what happened, for who missed a webhook."""

import json
from typing import Any

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Instant, NewestFirst, Page, ResponseModel, to_page
from webapp.models import Event

endpoints = Endpoints("events")


class EventShape(ResponseModel):
    """An event as a webhook tells it."""

    id: str
    type: str
    at: Instant
    data: dict[str, Any]


class EventQuery(NewestFirst):
    """Which events."""

    type: str | None = None


@endpoints.get("/api/v1/events", "webhook:read")
def list_events(call: Call, query: EventQuery) -> Page[EventShape]:
    """Events, newest first."""
    found = newest_first(call.session, Event, query, {Event.type: query.type})
    return to_page(found, query, _shape, key=lambda event: event.id)


def _shape(event: Event) -> EventShape:
    return EventShape(id=f"evt_{event.id}", type=event.type, at=event.at, data=json.loads(event.payload))
