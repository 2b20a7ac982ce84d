"""What a tenant is told of its subscription: written in the transaction of the change, sent after it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import ChangeKind, ReminderKind, grace_of
from webapp.models import Subscription, Tenant
from webapp.services.common import readers
from webapp.services.notifications.messages import payload_fields, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.services.notifications.messages.subscription_templates import STILL_SUSPENDED, TEXTS
from webapp.settings import Settings
from webapp.sql import one_of

SUBJECT = "subscription"


def tell_of_change(
    session: Session, ids: Sequence[int], change: ChangeKind, *, at: datetime, settings: Settings
) -> None:
    """One message for each of these changes, to the tenants that have an address."""
    _write(session, ids, change, at, settings)


def remind(session: Session, ids: Sequence[int], kind: ReminderKind, *, at: datetime, settings: Settings) -> None:
    """One reminder for each of these, about the date of expiry that it has."""
    _write(session, ids, kind, at, settings)


def _write(
    session: Session, ids: Sequence[int], what: ChangeKind | ReminderKind, at: datetime, settings: Settings
) -> None:
    mine = select(Subscription, Tenant).join(Tenant, Tenant.id == Subscription.tenant_id)
    rows = session.execute(mine.where(one_of(session, Subscription.id, ids), Tenant.email.is_not(None)))
    written = (_message(subscription, tenant, what, settings) for subscription, tenant in rows)
    write_all(session, [message for message in written if message is not None], at)


def _message(
    subscription: Subscription, tenant: Tenant, what: ChangeKind | ReminderKind, settings: Settings
) -> Message | None:
    to = recipients.of_person(tenant.email or "", settings)
    if to is None:
        return None
    is_by_hand = what == ChangeKind.SUSPENDED and subscription.suspended_by_hand
    kind = f"{SUBJECT}.{what}" + ("_by_hand" if is_by_hand else "")
    text = templates.letter(TEXTS[kind], _fields(subscription, tenant, settings), readers.of_tenant(tenant, settings))
    return Message(_key(subscription, what), to, kind, (SUBJECT, subscription.id), text)


def _key(subscription: Subscription, what: ChangeKind | ReminderKind) -> str:
    """A change is told once, by its version; a reminder once for the date that it is about."""
    about = int(subscription.expire_date.timestamp()) if isinstance(what, ReminderKind) else subscription.version
    return f"{SUBJECT}-{subscription.id}-{what}-{about}"


def _fields(subscription: Subscription, tenant: Tenant, settings: Settings) -> dict[str, Any]:
    grace = grace_of(tenant.grace_days, settings.subscription_grace_period_days)
    is_suspended = subscription.status == SubscriptionStatus.SUSPENDED
    return {
        "name": tenant.name,
        "reference": tenant.ref,
        "until": subscription.expire_date,
        "grace_end": subscription.expire_date + grace,
        "suspended_said": payload_fields.after(STILL_SUSPENDED) if is_suspended else "",
    }
