"""What people do with what goes out: look at it, send it again, cancel it; one, or all dead letters that match."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import Channel, DeliveryStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Delivery, WebhookEndpoint
from webapp.models.base import Json
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.sql import lock_found, one_of

AT_ONCE = 500
"""Dead letters that one step sends again."""
_RETRY, _REPLAY = "delivery:retry", "webhook:replay"


def get(session: Session, delivery_id: int) -> Delivery:
    """One delivery. Raises NotFound."""
    return lookup.by_id(session, Delivery, delivery_id, "delivery")


def send_again(session: Session, delivery_id: int, *, at: datetime, actor: Actor) -> Delivery:
    """Let it go out again, at once and with all its attempts. A webhook keeps its id: who has it already can tell."""
    delivery = _locked(session, delivery_id, at, actor)
    _require_endpoint(session, delivery)
    before = {"status": delivery.status, "attempts": delivery.attempts}
    delivery.status, delivery.attempts, delivery.next_try_at = DeliveryStatus.WAITING, 0, at
    delivery.lease_until, delivery.delivered_at = None, None
    session.flush()
    trail.record(session, actor, "delivery.send-again", ("delivery", delivery.id), at=at, before=before)
    return delivery


def cancel(session: Session, delivery_id: int, *, at: datetime, actor: Actor) -> Delivery:
    """Do not send it, or not again. Raises Conflict when it arrived already."""
    delivery = _locked(session, delivery_id, at, actor)
    if delivery.status not in (DeliveryStatus.WAITING, DeliveryStatus.DEAD):
        raise Overtaken(phrase("This is %(status)s already.", status=delivery.status))
    before = {"status": delivery.status}
    delivery.status, delivery.lease_until = DeliveryStatus.CANCELLED, None
    session.flush()
    trail.record(session, actor, "delivery.cancel", ("delivery", delivery.id), at=at, before=before)
    return delivery


def count_dead(session: Session, parameters: dict[str, Any], most: int = AT_ONCE) -> int:
    """How many dead letters match, up to one more than `most`."""
    return session.scalar(select(func.count()).select_from(_dead(parameters).limit(most + 1).subquery())) or 0


def send_dead_again(session: Session, parameters: dict[str, Any], *, at: datetime, actor: Actor) -> int:
    """Let up to 500 dead letters go out again, of a channel or a kind or all; returns how many."""
    actor.require(_RETRY)
    actor.require(_REPLAY)
    ids = session.scalars(_dead(parameters).order_by(Delivery.id).limit(AT_ONCE)).all()
    held = lock_found(session, Delivery, ids, skip_locked=True) if ids else []
    if not held:
        return 0
    changed = session.scalars(
        update(Delivery)
        .where(one_of(session, Delivery.id, held), Delivery.status == DeliveryStatus.DEAD)
        .values(status=DeliveryStatus.WAITING, attempts=0, next_try_at=at, lease_until=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    _record(session, actor, list(changed), at)
    return len(changed)


def _dead(parameters: dict[str, Any]) -> Select[Any]:
    """Dead letters of a channel, of a kind, or all; those of removed endpoints stay where they are."""
    gone = select(WebhookEndpoint.id).where(WebhookEndpoint.removed_at.is_not(None))
    which: list[ColumnElement[bool]] = [Delivery.endpoint_id.is_(None) | Delivery.endpoint_id.not_in(gone)]
    channels = [parameters["channel"]] if parameters.get("channel") else list(Channel)
    if parameters.get("kind"):
        which.append(Delivery.kind == parameters["kind"])
    return select(Delivery.id).where(Delivery.channel.in_(channels), Delivery.status == DeliveryStatus.DEAD, *which)


def _record(session: Session, actor: Actor, ids: list[int], at: datetime) -> None:
    if ids:
        details = Json().process_bind_param({"status": "dead"}, session.get_bind().dialect)
        rows = select(Delivery.id, literal(details).label("before"), literal(None).label("after"))
        rows = rows.where(one_of(session, Delivery.id, ids))
        trail.record_all(session, actor, "delivery.send-again", "delivery", rows, len(ids), at=at)


def _locked(session: Session, delivery_id: int, at: datetime, actor: Actor) -> Delivery:
    """The delivery, if this actor may touch it and nobody is sending it at this very moment."""
    found = get(session, delivery_id)
    actor.require(_REPLAY if found.channel == Channel.WEBHOOK else _RETRY)
    delivery = session.get_one(Delivery, delivery_id, with_for_update=True, populate_existing=True)
    under_way = delivery.lease_until is not None and delivery.lease_until > at
    if delivery.status == DeliveryStatus.WAITING and under_way:
        raise Conflict(phrase("It is being sent at this moment. Look again in a few minutes."))
    return delivery


def _require_endpoint(session: Session, delivery: Delivery) -> None:
    if delivery.endpoint_id is not None:
        endpoint = session.get_one(WebhookEndpoint, delivery.endpoint_id)
        if endpoint.removed_at is not None:
            raise Conflict(phrase("Its endpoint was removed."))
