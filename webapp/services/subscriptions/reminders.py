"""Reminders of subscriptions that end soon, and of those that are overdue: once for each end that was planned."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import REMIND_WITHIN, ReminderKind
from webapp.domain.words import phrase
from webapp.models import Subscription, SubscriptionReminder, Tenant
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.common.due import Due
from webapp.services.subscriptions import messages
from webapp.services.subscriptions.expiry import EXPIRE, SUBJECT
from webapp.settings import Settings
from webapp.sql import insert_new, one_of


def due(kind: ReminderKind, by: datetime) -> Due:
    """Subscriptions whose tenant is to be reminded and was not yet, the earliest first."""
    found = select(Subscription.id, Subscription.expire_date).where(*_is_due(kind, by))
    return Due(Subscription, found, (Subscription.expire_date, Subscription.id))


def remind_all(
    session: Session,
    ids: Sequence[int],
    *,
    kind: ReminderKind,
    by: datetime,
    at: datetime,
    actor: Actor,
    settings: Settings,
    run_id: int | None = None,
) -> Outcome:
    """Remind the tenants of these, as far as they still are to be; one without an address fails, and no other."""
    actor.require(EXPIRE)
    mine = select(Subscription.id, Subscription.expire_date, Tenant.ref, Tenant.email)
    mine = mine.join(Tenant, Tenant.id == Subscription.tenant_id).where(one_of(session, Subscription.id, ids))
    rows = session.execute(mine.where(*_is_due(kind, min(by, at))).order_by(Subscription.id)).all()
    reachable = {row.id: row.expire_date for row in rows if row.email}
    reminded = _first_to_remind(session, reachable, kind, at)
    messages.remind(session, reminded, kind, at=at, settings=settings)
    outcome = Outcome(SUBJECT, done=len(reminded))
    outcome.failed += [RefusedItem(row.id, row.ref, _unreachable(row.ref)) for row in rows if not row.email]
    return outcome


def preview(session: Session, ids: Sequence[int], *, at: datetime) -> Outcome:
    """How many would be reminded, and who could not be."""
    mine = select(Subscription.id, Tenant.ref).join(Tenant, Tenant.id == Subscription.tenant_id)
    silent = mine.where(one_of(session, Subscription.id, ids), Tenant.email.is_(None)).order_by(Subscription.id)
    failed = [RefusedItem(row.id, row.ref, _unreachable(row.ref)) for row in session.execute(silent)]
    return Outcome(SUBJECT, done=len(ids) - len(failed), failed=failed)


def _is_due(kind: ReminderKind, by: datetime) -> list[ColumnElement[bool]]:
    """Who has paid and waits for the payment to arrive is not told to pay, nor is whom a person suspended."""
    had = select(SubscriptionReminder.at).where(
        SubscriptionReminder.subscription_id == Subscription.id,
        SubscriptionReminder.kind == kind,
        SubscriptionReminder.period == Subscription.expire_date,
    )
    when = {
        ReminderKind.RENEWAL: [
            Subscription.status == SubscriptionStatus.ACTIVE,
            Subscription.expire_date > by,
            Subscription.expire_date <= by + REMIND_WITHIN,
        ],
        ReminderKind.PAYMENT: [Subscription.status.in_(list(SubscriptionStatus)), Subscription.expire_date <= by],
    }[kind]
    return [*when, Subscription.payment_pending_since.is_(None), ~Subscription.suspended_by_hand, ~had.exists()]


def _first_to_remind(session: Session, periods: dict[int, datetime], kind: ReminderKind, at: datetime) -> Sequence[int]:
    """Those whose row this transaction wrote: another may be at it in the same instant."""
    if not periods:
        return []
    rows = [{"subscription_id": key, "kind": kind, "period": period, "at": at} for key, period in periods.items()]
    new = insert_new(session, SubscriptionReminder).values(rows).on_conflict_do_nothing()
    return sorted(session.scalars(new.returning(SubscriptionReminder.subscription_id)))


def _unreachable(ref: str) -> str:
    return phrase("Tenant %(ref)s has no email address, so it can't be reminded.", ref=ref)
