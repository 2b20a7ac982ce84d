"""Who wants to be told of events: addresses with a secret each, made, changed, paused, tested and removed by people."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import ENDPOINT_PAUSED
from webapp.domain.outbox import addresses, webhook_signing
from webapp.domain.outbox.delivery_rules import names_an_event
from webapp.domain.outbox.event_types import EVENTS
from webapp.domain.states import Channel, DeliveryStatus
from webapp.domain.words import phrase
from webapp.encryption import encrypt
from webapp.errors import Conflict, Invalid, Overtaken
from webapp.models import Delivery, WebhookEndpoint
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.common import lookup, validation
from webapp.settings import Settings

_MANAGE = "webhook:manage"
_MOST, _MOST_PATTERNS = 100, 50
TEST = "webhook.test"
LONGEST_KEPT = timedelta(days=7)
"""How long a former secret may sign beside the present one."""
MOST_IN_A_BATCH, MOST_PARALLEL, MOST_A_MINUTE = 100, 8, 600_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Events in a call, calls at once, and calls in a minute at most, beside what all webhooks together may be."""

    batch_size: int = 1
    parallel_calls: int = 1
    calls_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """Where to post, what it is for, and which events: `*`, `escrow.*`, `escrow.released`."""

    url: str
    description: str
    events: Sequence[str]
    pace: Pace = Pace()


def create(
    session: Session, new: NewEndpoint, *, at: datetime, actor: Actor, settings: Settings
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; its secret is in the answer and nowhere else in the clear. Invalid names the wrong field."""
    actor.require(_MANAGE)
    url, description, events = _checked(new, settings)
    if len(not_removed(session)) >= _MOST:
        raise Conflict(phrase("There are %(MOST)s endpoints already. Remove one first.", MOST=_MOST))
    secret = webhook_signing.new_secret()
    endpoint = WebhookEndpoint(
        url=url,
        description=description,
        events=events,
        secret_encrypted=encrypt(secret, settings.encryption_keys),
        **asdict(_checked_pace(new.pace)),
        created_at=at,
        created_by=actor.name,
    )
    session.add(endpoint)
    session.flush()
    after = {"url": url, "events": events, **asdict(new.pace)}
    _record(session, actor, "webhook.create", endpoint, at, after=after)
    return endpoint, secret


def get(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint with this number; NotFound when there is none, or it was removed."""
    return lookup.by_id(session, WebhookEndpoint, endpoint_id, "webhook endpoint")


def not_removed(session: Session) -> list[WebhookEndpoint]:
    """Every endpoint that was not removed, oldest first."""
    known = select(WebhookEndpoint).where(WebhookEndpoint.removed_at.is_(None)).order_by(WebhookEndpoint.id)
    return list(session.scalars(known))


def change(
    session: Session,
    endpoint_id: int,
    new: NewEndpoint,
    *,
    version: int,
    at: datetime,
    actor: Actor,
    settings: Settings,
) -> WebhookEndpoint:
    """Change where it is, what it is for, which events it takes and at what pace."""
    endpoint = _locked(session, endpoint_id, actor)
    lookup.require_version(endpoint, version, "endpoint")
    url, description, events = _checked(new, settings)
    before = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    before |= asdict(pace_of(endpoint))
    endpoint.url, endpoint.description, endpoint.events = url, description, events
    _take_pace(session, endpoint, new.pace)
    after = {"url": url, "description": description, "events": events, **asdict(new.pace)}
    return _changed(session, actor, "webhook.change", endpoint, at, before=before, after=after)


def set_pace(session: Session, endpoint_id: int, pace: Pace, *, at: datetime, actor: Actor) -> WebhookEndpoint:
    """Say how it wants its events. Invalid names the wrong field."""
    endpoint = _locked(session, endpoint_id, actor)
    before = asdict(pace_of(endpoint))
    _take_pace(session, endpoint, pace)
    return _changed(session, actor, "webhook.change", endpoint, at, before=before, after=asdict(pace))


def pause(session: Session, endpoint_id: int, why: str, *, at: datetime, actor: Actor) -> WebhookEndpoint:
    """Send nothing to it until it is resumed. What happens meanwhile is kept for it, for a week."""
    reason = validation.require_text(why, "reason", phrase("Say why."), longest=500)
    endpoint = _locked(session, endpoint_id, actor)
    if endpoint.paused_at is not None:
        raise Overtaken(phrase("This endpoint is paused already."))
    endpoint.paused_at, endpoint.pause_reason = at, f"{actor.name}: {reason}"
    endpoint.failures, endpoint.failing_since = 0, None
    return _changed(session, actor, "webhook.pause", endpoint, at, reason=reason)


def resume(session: Session, endpoint_id: int, *, at: datetime, actor: Actor) -> WebhookEndpoint:
    """Send to it again, beginning with what waits, in order."""
    endpoint = _locked(session, endpoint_id, actor)
    if endpoint.paused_at is None:
        raise Overtaken(phrase("This endpoint is not paused."))
    endpoint.paused_at, endpoint.pause_reason, endpoint.failures, endpoint.failing_since = None, None, 0, None
    _waiting(session, endpoint_id, next_try_at=at)
    alerts.resolve(session, ENDPOINT_PAUSED, str(endpoint_id), at)
    return _changed(session, actor, "webhook.resume", endpoint, at)


def remove(session: Session, endpoint_id: int, *, at: datetime, actor: Actor) -> WebhookEndpoint:
    """Tell it nothing any more; what waits for it is cancelled. Its deliveries stay to be looked at."""
    endpoint = _locked(session, endpoint_id, actor)
    endpoint.removed_at = at
    _waiting(
        session,
        endpoint_id,
        status=DeliveryStatus.CANCELLED,
        last_error=phrase("The endpoint was removed."),
        lease_until=None,
    )
    alerts.resolve(session, ENDPOINT_PAUSED, str(endpoint_id), at)
    return _changed(session, actor, "webhook.remove", endpoint, at, before={"url": endpoint.url})


def roll_secret(
    session: Session, endpoint_id: int, *, keep: timedelta, at: datetime, actor: Actor, settings: Settings
) -> tuple[WebhookEndpoint, str]:
    """Give it a new secret, shown once. The former one signs too for as long as it is kept, a week at most; with zero,
    nothing from this moment.
    """
    if not timedelta(0) <= keep <= LONGEST_KEPT:
        wrong = phrase("A former secret is kept for a week at most.")
        raise Invalid(wrong, fields={"keep": wrong})
    endpoint = _locked(session, endpoint_id, actor)
    secret = webhook_signing.new_secret()
    endpoint.former_secret_encrypted = endpoint.secret_encrypted if keep else None
    endpoint.former_secret_until = at + keep if keep else None
    endpoint.secret_encrypted = encrypt(secret, settings.encryption_keys)
    after = {"former_signs_until": clock.iso(at + keep) if keep else None}
    return _changed(session, actor, "webhook.roll-secret", endpoint, at, after=after), secret


def test(session: Session, endpoint_id: int, *, at: datetime, actor: Actor) -> Delivery:
    """Write a test message for it, which goes out like any other."""
    endpoint = _locked(session, endpoint_id, actor)
    if endpoint.paused_at is not None:
        raise Overtaken(phrase("This endpoint is paused. Resume it first."))
    details = {"message": phrase("%(name)s sent this test.", name=actor.name), "endpoint": endpoint_id}
    delivery = Delivery(
        key=f"test-{endpoint_id}-{int(at.timestamp() * 1_000_000)}",
        channel=Channel.WEBHOOK,
        lane=lane_of(endpoint),
        endpoint_id=endpoint_id,
        kind=TEST,
        subject_kind="endpoint",
        subject_id=endpoint_id,
        body="",
        status=DeliveryStatus.WAITING,
        next_try_at=at,
        created_at=at,
    )
    session.add(delivery)
    session.flush()
    delivery.body = json.dumps({"id": f"dlv_{delivery.id}", "type": TEST, "at": clock.iso(at), "data": details})
    _record(session, actor, TEST, endpoint, at, after={"delivery": delivery.id})
    return delivery


def pace_of(endpoint: WebhookEndpoint) -> Pace:
    """How it wants its events."""
    return Pace(endpoint.batch_size, endpoint.parallel_calls, endpoint.calls_per_minute)


def lane_of(endpoint: WebhookEndpoint, subject: int = 0) -> str:
    """The lane that keeps in order what an endpoint is told of a thing: one for all, unless it takes parallel calls.

    Lanes go side by side, so that an endpoint has as many calls at once as it has lanes.
    """
    name = f"webhook-{endpoint.id}"
    return name if endpoint.parallel_calls == 1 else f"{name}-{subject % endpoint.parallel_calls}"


def lanes_of(endpoint: WebhookEndpoint, subject: Any) -> ColumnElement[str]:
    """The same for the subjects of rows, computed by the database."""
    if endpoint.parallel_calls == 1:
        return literal(lane_of(endpoint))
    return literal(f"webhook-{endpoint.id}-").concat(cast(subject % endpoint.parallel_calls, String))


def _waiting(session: Session, endpoint_id: int, **values: object) -> None:
    mine = (Delivery.endpoint_id == endpoint_id, Delivery.status == DeliveryStatus.WAITING)
    session.execute(update(Delivery).where(*mine).values(**values).execution_options(synchronize_session=False))


def _take_pace(session: Session, endpoint: WebhookEndpoint, pace: Pace) -> None:
    """What waits goes to the lanes that it has now, so that the order of each thing stays."""
    _checked_pace(pace)
    endpoint.batch_size, endpoint.calls_per_minute = pace.batch_size, pace.calls_per_minute
    if endpoint.parallel_calls != pace.parallel_calls:
        endpoint.parallel_calls = pace.parallel_calls
        _waiting(session, endpoint.id, lane=lanes_of(endpoint, Delivery.subject_id))


def _checked_pace(pace: Pace) -> Pace:
    for name, number, most in (
        ("batch_size", pace.batch_size, MOST_IN_A_BATCH),
        ("parallel_calls", pace.parallel_calls, MOST_PARALLEL),
        ("calls_per_minute", pace.calls_per_minute or 1, MOST_A_MINUTE),
    ):
        if not 1 <= number <= most:
            sentence = phrase("From 1 to %(most)s.", most=most)
            raise Invalid(sentence, fields={name: sentence})
    return pace


def _locked(session: Session, endpoint_id: int, actor: Actor) -> WebhookEndpoint:
    actor.require(_MANAGE)
    endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)
    if endpoint is None:
        return get(session, endpoint_id)
    if endpoint.removed_at is not None:
        raise Overtaken(phrase("This endpoint was removed."))
    return endpoint


def _checked(new: NewEndpoint, settings: Settings) -> tuple[str, str, list[str]]:
    description = validation.require_text(new.description, "description", phrase("Say what it is for."), longest=200)
    url = validation.require_text(new.url, "url", phrase("Say where to post."))
    allowed = addresses.networks(settings.webhook_private_addresses)
    wrong = addresses.problem_of(url, https_only=settings.is_production, allowed=allowed)
    if wrong is not None:
        raise Invalid(wrong, fields={"url": wrong})
    events = sorted({word.strip() for word in new.events if word.strip()})
    unknown = [word for word in events if not names_an_event(word, EVENTS)]
    if unknown or not 0 < len(events) <= _MOST_PATTERNS:
        many = phrase("Name one to %(most_patterns)s events, or * for all.", most_patterns=_MOST_PATTERNS)
        sentence = (
            phrase("%(unknown)s names no event: docs/webhooks.md lists them.", unknown=unknown[0]) if unknown else many
        )
        raise Invalid(sentence, fields={"events": sentence})
    return url, description, events


def _changed(
    session: Session, actor: Actor, action: str, endpoint: WebhookEndpoint, at: datetime, **more: object
) -> WebhookEndpoint:
    endpoint.version += 1
    session.flush()
    _record(session, actor, action, endpoint, at, **more)
    return endpoint


def _record(
    session: Session, actor: Actor, action: str, endpoint: WebhookEndpoint, at: datetime, **more: object
) -> None:
    trail.record(session, actor, action, ("endpoint", endpoint.id), at=at, **more)  # type: ignore[arg-type]
