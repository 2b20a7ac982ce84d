"""Endpoints of outgoing webhooks over HTTP."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Instant,
    LongText,
    Name,
    NewestFirst,
    Page,
    RequestModel,
    ResponseModel,
    ShortText,
    to_page,
)
from webapp.api.webhooks.schemas import DeliveryShape
from webapp.models import WebhookEndpoint
from webapp.services.webhooks import endpoints as webhook_endpoints
from webapp.services.webhooks.endpoints import MOST_A_MINUTE, MOST_IN_A_BATCH, MOST_PARALLEL, NewEndpoint, Pace

endpoints = Endpoints("events")
_ADDRESS = "/api/v1/webhook-endpoints"


class EndpointShape(ResponseModel):
    """An endpoint without its secret."""

    id: int
    url: str
    description: str
    events: list[str]
    batch_size: int
    parallel_calls: int
    calls_per_minute: int | None
    created_at: Instant
    failures: int
    failing_since: Instant | None
    paused_at: Instant | None
    pause_reason: str | None
    removed_at: Instant | None


class NewEndpointShape(EndpointShape):
    """An endpoint with its secret, which is shown this once and never again."""

    secret: str | None


class PaceInput(RequestModel):
    """How it wants its events.

    `batch_size` events in a call: 1 is an event by itself, more are a list under `events`. `parallel_calls` at once:
    with more than 1 only the events of one thing come in order. `calls_per_minute` at most; null for no own limit.
    """

    batch_size: Annotated[int, Field(strict=True, ge=1, le=MOST_IN_A_BATCH)] = 1
    parallel_calls: Annotated[int, Field(strict=True, ge=1, le=MOST_PARALLEL)] = 1
    calls_per_minute: Annotated[int | None, Field(strict=True, ge=1, le=MOST_A_MINUTE)] = None

    def pace(self) -> Pace:
        """That."""
        return Pace(self.batch_size, self.parallel_calls, self.calls_per_minute)


class EndpointInput(PaceInput):
    """Where to post, what it is for, which events (`*`, `escrow.*` or `escrow.released`), and at what pace."""

    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    description: Name
    events: Annotated[list[ShortText], Field(min_length=1, max_length=50)] = ["*"]


class PauseInput(RequestModel):
    """Why nothing is sent to it."""

    reason: LongText


@endpoints.post(_ADDRESS, "webhook:manage", status=201, location=_ADDRESS + "/{id}", secret_fields=["secret"])
def create_webhook_endpoint(call: Call, body: EndpointInput) -> NewEndpointShape:
    """Add an endpoint. The same request sent again by its Idempotency-Key is answered without the secret."""
    new = NewEndpoint(body.url, body.description, body.events, body.pace())
    made, secret = webhook_endpoints.create(
        call.session, new, at=call.at, actor=call.actor, settings=call.runtime.settings
    )
    return NewEndpointShape(**EndpointShape.model_validate(made).model_dump(), secret=secret)


@endpoints.get(_ADDRESS, "webhook:read")
def list_webhook_endpoints(call: Call, query: NewestFirst) -> Page[EndpointShape]:
    """Endpoints that were not removed, newest first."""
    found = newest_first(call.session, WebhookEndpoint, query, {}, WebhookEndpoint.removed_at.is_(None))
    return to_page(found, query, EndpointShape.model_validate)


@endpoints.get(_ADDRESS + "/<id:endpoint_id>", "webhook:read")
def get_webhook_endpoint(call: Call, endpoint_id: int) -> EndpointShape:
    """One endpoint."""
    return EndpointShape.model_validate(webhook_endpoints.get(call.session, endpoint_id))


@endpoints.put(_ADDRESS + "/<id:endpoint_id>/pace", "webhook:manage")
def set_webhook_endpoint_pace(call: Call, endpoint_id: int, body: PaceInput) -> EndpointShape:
    """Say how it wants its events: in batches, by parallel calls, or not more often than so."""
    found = webhook_endpoints.set_pace(call.session, endpoint_id, body.pace(), at=call.at, actor=call.actor)
    return EndpointShape.model_validate(found)


@endpoints.delete(_ADDRESS + "/<id:endpoint_id>", "webhook:manage")
def delete_webhook_endpoint(call: Call, endpoint_id: int) -> EndpointShape:
    """Tell it nothing any more; what waits for it is cancelled."""
    gone = webhook_endpoints.remove(call.session, endpoint_id, at=call.at, actor=call.actor)
    return EndpointShape.model_validate(gone)


@endpoints.post(_ADDRESS + "/<id:endpoint_id>/test", "webhook:manage", status=202)
def test_webhook_endpoint(call: Call, endpoint_id: int) -> DeliveryShape:
    """Send it a message of the type `webhook.test`, within a minute."""
    made = webhook_endpoints.test(call.session, endpoint_id, at=call.at, actor=call.actor)
    return DeliveryShape.model_validate(made)


@endpoints.post(_ADDRESS + "/<id:endpoint_id>/pause", "webhook:manage")
def pause_webhook_endpoint(call: Call, endpoint_id: int, body: PauseInput) -> EndpointShape:
    """Send nothing to it until it is resumed; what happens meanwhile is kept for it, for a week."""
    found = webhook_endpoints.pause(call.session, endpoint_id, body.reason, at=call.at, actor=call.actor)
    return EndpointShape.model_validate(found)


@endpoints.post(_ADDRESS + "/<id:endpoint_id>/resume", "webhook:manage")
def resume_webhook_endpoint(call: Call, endpoint_id: int) -> EndpointShape:
    """Send to it again, beginning with what waits, in order."""
    found = webhook_endpoints.resume(call.session, endpoint_id, at=call.at, actor=call.actor)
    return EndpointShape.model_validate(found)
