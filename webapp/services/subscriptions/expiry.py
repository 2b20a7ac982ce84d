"""What the calendar does to subscriptions: expired at their date, suspended when the grace is over. Many at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, type_coerce, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import Event, SubscriptionExpired, SubscriptionSuspended
from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import ChangeKind
from webapp.models import Subscription, Tenant
from webapp.models.base import Instant
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.common.batch_result import Outcome
from webapp.services.common.due import Due
from webapp.services.subscriptions import messages
from webapp.settings import Settings
from webapp.sql import Column, days_after, is_sqlite, iso_text, json_text, one_of

EXPIRE = "subscription:expire"
SUBJECT = "subscription"
Where = list[ColumnElement[bool]]


def due_to_expire(by: datetime) -> Due:
    """Active subscriptions whose date has come, the earliest first."""
    return _due(_to_expire(by))


def due_to_suspend(by: datetime, settings: Settings, *, also_active: bool = False) -> Due:
    """Expired subscriptions whose grace is over. A dry run expires none before, so that it takes active ones too."""
    return _due(_to_suspend(by, settings, also_active=also_active))


def expire_all(
    session: Session,
    ids: Sequence[int],
    *,
    by: datetime,
    at: datetime,
    actor: Actor,
    settings: Settings,
    run_id: int | None = None,
) -> Outcome:
    """Mark these as expired, as far as they still are due: one that was renewed meanwhile is left as it is."""
    actor.require(EXPIRE)
    done = _mark(session, ids, SubscriptionStatus.EXPIRED, _to_expire(min(by, at)), at)
    _tell(session, done, ChangeKind.EXPIRED, SubscriptionExpired(), at, actor, settings, run_id)
    return Outcome(SUBJECT, done=len(done))


def suspend_all(
    session: Session,
    ids: Sequence[int],
    *,
    by: datetime,
    at: datetime,
    actor: Actor,
    settings: Settings,
    run_id: int | None = None,
) -> Outcome:
    """Suspend these, as far as their grace still is over by now."""
    actor.require(EXPIRE)
    done = _mark(session, ids, SubscriptionStatus.SUSPENDED, _to_suspend(min(by, at), settings), at)
    _tell(
        session,
        done,
        ChangeKind.SUSPENDED,
        SubscriptionSuspended(by_hand=False, reason=None),
        at,
        actor,
        settings,
        run_id,
    )
    return Outcome(SUBJECT, done=len(done))


def grace_ends_at(settings: Settings) -> Column:
    """The instant from which a subscription is suspended unless it is renewed, of a tenant joined to it."""
    days = func.coalesce(Tenant.grace_days, settings.subscription_grace_period_days)
    return type_coerce(days_after(Subscription.expire_date, days), Instant)


def preview(session: Session, ids: Sequence[int], *, at: datetime) -> Outcome:
    """How many would change: all that were found due."""
    return Outcome(SUBJECT, done=len(ids))


def _due(where: Where) -> Due:
    found = select(Subscription.id, Subscription.expire_date).where(*where)
    return Due(Subscription, found, (Subscription.expire_date, Subscription.id))


def _to_expire(by: datetime) -> Where:
    return [Subscription.status == SubscriptionStatus.ACTIVE, Subscription.expire_date <= by]


def _to_suspend(by: datetime, settings: Settings, *, also_active: bool = False) -> Where:
    """The date comes first: by it they are found, and only of those whose date has come the grace is looked up."""
    statuses = [SubscriptionStatus.EXPIRED, *([SubscriptionStatus.ACTIVE] if also_active else [])]
    over = select(Tenant.id).where(Tenant.id == Subscription.tenant_id, grace_ends_at(settings) <= by)
    return [Subscription.status.in_(statuses), Subscription.expire_date <= by, over.exists()]


def _mark(
    session: Session, ids: Sequence[int], status: SubscriptionStatus, where: Where, at: datetime
) -> Sequence[int]:
    values: dict[str, Any] = {"status": status, "changed_at": at, "version": Subscription.version + 1}
    marking = update(Subscription).where(one_of(session, Subscription.id, ids), *where).values(**values)
    how = {"synchronize_session": False}
    return sorted(session.scalars(marking.returning(Subscription.id), execution_options=how))


def _tell(
    session: Session,
    ids: Sequence[int],
    change: ChangeKind,
    event: Event,
    at: datetime,
    actor: Actor,
    settings: Settings,
    run_id: int | None,
) -> None:
    """The record, the event and the message of each, set by set."""
    if not ids:
        return
    was = SubscriptionStatus.ACTIVE if change == ChangeKind.EXPIRED else SubscriptionStatus.EXPIRED
    on_sqlite = is_sqlite(session)
    now = {"status": Subscription.status, "expire_date": iso_text(on_sqlite, Subscription.expire_date)}
    before, after = literal(f'{{"status":"{was}"}}').label("before"), json_text(on_sqlite, now).label("after")
    records = select(Subscription.id, before, after).where(one_of(session, Subscription.id, ids))
    action = {ChangeKind.EXPIRED: "subscription.expire", ChangeKind.SUSPENDED: "subscription.suspend"}[change]
    trail.record_all(session, actor, action, SUBJECT, records, len(ids), at=at, run_id=run_id)
    events.add_all(session, event, ids, at=at)
    messages.tell_of_change(session, ids, change, at=at, settings=settings)
