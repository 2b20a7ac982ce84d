"""Subscriptions as people and the marketplace change them: each change on record, told to the tenant and to others."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import subscriptions as rules
from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import (
    Event,
    SubscriptionCreated,
    SubscriptionExtended,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionReverted,
    SubscriptionSuspended,
)
from webapp.domain.states import SubscriptionStatus
from webapp.domain.storefront.checks import AHEAD
from webapp.domain.subscriptions import ChangeKind, State, grace_of
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import Subscription, Tenant
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.subscriptions import messages
from webapp.settings import Settings
from webapp.sql import insert_new

WRITE = "subscription:write"
SUBJECT = "subscription"
Rule = Callable[[State, timedelta], State]


def create(
    session: Session, tenant_ref: str, expire_date: datetime, *, at: datetime, actor: Actor, settings: Settings
) -> Subscription:
    """Give a tenant its subscription, active until a date. Raises NotFound, or Conflict when it has one.

    A date that has passed is applied by the next run of `expire_subscriptions`, as any other.
    """
    actor.require(WRITE)
    tenant: Tenant = lookup.by_ref(session, Tenant, tenant_ref, "tenant")
    values = {"tenant_id": tenant.id, "status": SubscriptionStatus.ACTIVE, "expire_date": expire_date}
    values |= {"created_at": at, "changed_at": at, "version": 1, "suspended_by_hand": False}
    row = insert_new(session, Subscription).values(**values).on_conflict_do_nothing().returning(Subscription.id)
    made = session.execute(row).one_or_none()
    if made is None:
        raise Conflict(
            phrase("Tenant %(ref)s has a subscription already.", ref=tenant.ref),
            fields={"tenant": phrase("It has one.")},
        )
    subscription = session.get_one(Subscription, made.id)
    after = {"tenant": tenant.ref} | _described(state_of(subscription))
    trail.record(session, actor, "subscription.create", (SUBJECT, made.id), at=at, after=after)
    events.add(session, SubscriptionCreated(), made.id, at=at)
    messages.tell_of_change(session, [made.id], ChangeKind.CREATED, at=at, settings=settings)
    return subscription


class SubscriptionChanges:
    """Changes to one subscription by one actor at one instant. Each locks the row, looks, writes, and tells.

    With `version` each raises Overtaken when the row is not the one that the form showed.
    """

    def __init__(
        self,
        session: Session,
        subscription_id: int,
        *,
        at: datetime,
        actor: Actor,
        settings: Settings,
        version: int | None = None,
    ) -> None:
        self._session, self._id, self._version = session, subscription_id, version
        self._at, self._actor, self._settings = at, actor, settings

    def renew(self, until: datetime, reason: str) -> Subscription:
        """Paid for until a later date: active again, unless a person suspended it. Raises Invalid for the date."""
        why = _reason(reason)
        event = SubscriptionRenewed(reason=why)
        return self._change(ChangeKind.RENEWED, why, event, lambda now, _: rules.renewed(now, until, at=self._at))

    def extend(self, until: datetime, reason: str) -> Subscription:
        """Given until a later date, paid or not. Raises Invalid for the date."""
        why = _reason(reason)
        event = SubscriptionExtended(reason=why)
        return self._change(
            ChangeKind.EXTENDED, why, event, lambda now, grace: rules.extended(now, until, grace, at=self._at)
        )

    def suspend(self, reason: str) -> Subscription:
        """By hand: neither a renewal nor a job ends that. Raises Overtaken when a person was first."""
        why = _reason(reason)
        event = SubscriptionSuspended(by_hand=True, reason=why)
        return self._change(ChangeKind.SUSPENDED, why, event, lambda now, _: rules.suspended(now))

    def resume(self, reason: str, until: datetime | None = None) -> Subscription:
        """As the calendar says, with a later date when one is given. Raises Conflict when its grace is over."""
        why = _reason(reason)
        event = SubscriptionResumed(reason=why)
        return self._change(
            ChangeKind.RESUMED, why, event, lambda now, grace: rules.resumed(now, grace, at=self._at, until=until)
        )

    def revert(self, reason: str) -> Subscription:
        """Take the last renewal or extension back. Raises Conflict when there is none."""
        why = _reason(reason)
        event = SubscriptionReverted(reason=why)
        return self._change(ChangeKind.REVERTED, why, event, lambda now, grace: rules.reverted(now, grace, at=self._at))

    def note_payment(self, pending_since: datetime | None, reason: str | None = None) -> Subscription:
        """A payment for it is on its way since then, or none is any more. Told to nobody: it changes no right.

        Raises Invalid for an instant that has not come: no reminder would go, for a payment that nobody has made.
        """
        if pending_since is not None and pending_since > self._at + AHEAD:
            sentence = phrase("A payment is on its way since some time ago, not from later on.")
            raise Invalid(sentence, fields={"since": sentence})
        subscription, _tenant = self._locked()
        before = subscription.payment_pending_since
        if before == pending_since:
            return subscription
        subscription.payment_pending_since = pending_since
        self._moved(subscription)
        name = "payment_pending_since"
        self._record(subscription, "payment", {name: _iso(before)}, {name: _iso(pending_since)}, reason)
        return subscription

    def _change(self, change: ChangeKind, reason: str, event: Event, rule: Rule) -> Subscription:
        subscription, tenant = self._locked()
        before = state_of(subscription)
        after = rule(before, grace_of(tenant.grace_days, self._settings.subscription_grace_period_days))
        for name in State.__slots__:
            setattr(subscription, name, getattr(after, name))
        self._moved(subscription)
        self._record(subscription, _ACTIONS[change], _described(before), _described(after), reason)
        events.add(self._session, event, subscription.id, at=self._at)
        messages.tell_of_change(self._session, [subscription.id], change, at=self._at, settings=self._settings)
        return subscription

    def _locked(self) -> tuple[Subscription, Tenant]:
        self._actor.require(WRITE)
        how = {"with_for_update": True, "populate_existing": True}
        subscription = self._session.get(Subscription, self._id, **how)  # type: ignore[arg-type]
        if subscription is None:
            raise NotFound(phrase("There is no subscription %(id)s.", id=self._id))
        if self._version is not None:
            lookup.require_version(subscription, self._version, SUBJECT)
        return subscription, self._session.get_one(Tenant, subscription.tenant_id)

    def _moved(self, subscription: Subscription) -> None:
        subscription.version, subscription.changed_at = subscription.version + 1, self._at
        self._session.flush()

    def _record(
        self, subscription: Subscription, what: str, before: dict[str, Any], after: dict[str, Any], reason: str | None
    ) -> None:
        subject, action = (SUBJECT, subscription.id), f"{SUBJECT}.{what}"
        trail.record(
            self._session, self._actor, action, subject, at=self._at, reason=reason, before=before, after=after
        )


_ACTIONS = {
    ChangeKind.RENEWED: "renew",
    ChangeKind.EXTENDED: "extend",
    ChangeKind.SUSPENDED: "suspend",
    ChangeKind.RESUMED: "resume",
    ChangeKind.REVERTED: "revert",
}


def state_of(subscription: Subscription) -> State:
    """What the rules know of it."""
    return State(
        SubscriptionStatus(subscription.status),
        subscription.expire_date,
        subscription.suspended_by_hand,
        subscription.payment_pending_since,
        subscription.date_before,
        subscription.pending_before,
    )


def _reason(reason: str) -> str:
    return validation.require_text(reason, "reason", phrase("Say why, in a sentence."))


def _described(state: State) -> dict[str, Any]:
    return {
        "status": str(state.status),
        "expire_date": _iso(state.expire_date),
        "suspended_by_hand": state.suspended_by_hand,
        "payment_pending_since": _iso(state.payment_pending_since),
    }


def _iso(at: datetime | None) -> str | None:
    return clock.iso(at) if at else None
