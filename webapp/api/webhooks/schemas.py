"""How deliveries look over HTTP."""

from webapp.api.framework.schemas import Instant, ResponseModel


class DeliveryShape(ResponseModel):
    """Something that goes out, and how far it is."""

    id: int
    channel: str
    kind: str
    endpoint_id: int | None
    event_id: int | None
    recipient: str | None
    title: str | None
    body: str
    status: str
    attempts: int
    next_try_at: Instant
    response_status: int | None
    last_error: str | None
    created_at: Instant
    delivered_at: Instant | None
