"""How the desk's own webhooks are described: each event with the shape of its data, and what signs it."""

from typing import Any

from webapp.api.framework.responses import REFERENCE
from webapp.domain.outbox.event_types import EVENTS, Event

_HEADERS = {
    "webhook-id": "The same for every attempt of one delivery: keep it, and do nothing the second time.",
    "webhook-timestamp": "Seconds since 1970, at the moment of sending.",
    "webhook-signature": "`v1,` and the base64 HMAC-SHA256 of id, timestamp and raw body, with dots between them.",
}


def described() -> dict[str, Any]:
    """The webhooks, as OpenAPI has them."""
    return {name: {"post": _operation(event)} for name, event in EVENTS.items()}


def schemas() -> dict[str, Any]:
    """The shape of each event's data, by name. More fields may come: what receivers don't know, they pass over."""
    shapes = {event.__name__: event.shape().model_json_schema() for event in EVENTS.values()}
    return {name: {key: part for key, part in shape.items() if key != _CLOSED} for name, shape in shapes.items()}


_CLOSED = "additionalProperties"


def _operation(event: type[Event]) -> dict[str, Any]:
    return {
        "operationId": event.type,
        "tags": ["outgoing-webhooks"],
        "summary": event.__doc__,
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": description}
            for name, description in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _envelope(event)}}},
        "responses": {"2XX": {"description": "Taken. Anything else is tried again."}},
        "security": [],
    }


def _envelope(event: type[Event]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "type", "at", "data"],
        "properties": {
            "id": {"type": "string", "examples": ["evt_4711"]},
            "type": {"const": event.type},
            "at": {"type": "string", "format": "date-time"},
            "data": {"$ref": REFERENCE.format(model=event.__name__)},
        },
    }
