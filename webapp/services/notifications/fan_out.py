"""From events to what goes out: webhooks for who asked, messages to people. Doing it twice makes nothing twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Session

from webapp.domain.outbox.delivery_rules import ANY
from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery, Event, WebhookEndpoint
from webapp.services.notifications.messages import event_messages
from webapp.services.webhooks import endpoints
from webapp.settings import Settings
from webapp.sql import insert_new, is_sqlite, iso_text, json_text, labelled, one_of

AT_ONCE = 500
_WRITTEN_FOR_PAUSED = timedelta(days=7)
"""How long a paused endpoint is still written for."""


def fan_out(
    session: Session, at: datetime, settings: Settings, *, limit: int = AT_ONCE, to_people: bool = True
) -> Sequence[Event]:
    """Turn the oldest unsent events into deliveries and mark them as sent; what another process has is left to it."""
    unsent = select(Event).where(Event.sent_at.is_(None)).order_by(Event.id).limit(limit)
    events = session.scalars(unsent.with_for_update(skip_locked=True)).all()
    if not events:
        return []
    ids = [event.id for event in events]
    for endpoint in endpoints.not_removed(session):
        if endpoint.paused_at is None or endpoint.paused_at > at - _WRITTEN_FOR_PAUSED:
            _write(session, endpoint, ids, at)
    if to_people:
        event_messages.write(session, events, at, settings)
    marked = update(Event).where(one_of(session, Event.id, ids)).values(sent_at=at)
    session.execute(marked.execution_options(synchronize_session=False))
    return events


def _write(session: Session, endpoint: WebhookEndpoint, ids: Sequence[int], at: datetime) -> None:
    """INSERT … SELECT: the events that the endpoint asked for, as far as they happened since it is there."""
    columns = {
        "key": literal("event-") + cast(Event.id, String) + literal(f"-endpoint-{endpoint.id}"),
        "channel": Channel.WEBHOOK,
        "lane": endpoints.lanes_of(endpoint, Event.subject_id),
        "endpoint_id": endpoint.id,
        "event_id": Event.id,
        "kind": Event.type,
        "subject_kind": Event.subject_kind,
        "subject_id": Event.subject_id,
        "body": _body(session),
        "status": DeliveryStatus.WAITING,
        "attempts": 0,
        "next_try_at": at,
        "created_at": at,
    }
    wanted = (one_of(session, Event.id, ids), Event.at >= endpoint.created_at, _subscribed(endpoint))
    rows = select(*labelled(Delivery, columns)).where(*wanted).order_by(Event.id)
    session.execute(insert_new(session, Delivery).from_select(list(columns), rows).on_conflict_do_nothing())


def _subscribed(endpoint: WebhookEndpoint) -> ColumnElement[bool]:
    words = [str(word) for word in endpoint.events]
    groups = [Event.type.startswith(word[:-1], autoescape=True) for word in words if word.endswith(f".{ANY}")]
    return true() if ANY in words else or_(Event.type.in_(words), *groups)


def _body(session: Session) -> ColumnElement[str]:
    """What is posted: id, type, at and data, built by the database."""
    payload: Any = func.json(Event.payload) if is_sqlite(session) else cast(Event.payload, JSON)
    name = literal("evt_") + cast(Event.id, String)
    return json_text(
        is_sqlite(session),
        {"id": name, "type": Event.type, "at": iso_text(is_sqlite(session), Event.at), "data": payload},
    )
