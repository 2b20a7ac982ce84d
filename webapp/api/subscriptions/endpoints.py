"""Subscriptions over HTTP: a tenant's right to sell, renewed, extended, suspended, resumed."""

from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Page, to_page
from webapp.api.subscriptions.schemas import (
    ExtensionBody,
    PendingPaymentBody,
    RenewalBody,
    ResumptionBody,
    SubscriptionBody,
    SubscriptionReasonBody,
    SubscriptionShape,
    SubscriptionsQuery,
)
from webapp.models import Subscription
from webapp.services.subscriptions import search, subscriptions
from webapp.services.subscriptions.search import OfTenant
from webapp.services.subscriptions.subscriptions import WRITE, SubscriptionChanges

endpoints = Endpoints("subscriptions")
_READ = "subscription:read"
_ONE = "/api/v1/subscriptions/<id:subscription_id>"


@endpoints.post("/api/v1/subscriptions", WRITE, status=201, location="/api/v1/subscriptions/{id}")
def create_subscription(call: Call, body: SubscriptionBody) -> SubscriptionShape:
    """Give a tenant its subscription. Refused when it has one: renew that."""
    settings = call.runtime.settings
    made = subscriptions.create(
        call.session, body.tenant, body.expire_date, at=call.at, actor=call.actor, settings=settings
    )
    return _read(call, made)


@endpoints.get("/api/v1/subscriptions", _READ)
def list_subscriptions(call: Call, query: SubscriptionsQuery) -> Page[SubscriptionShape]:
    """Subscriptions, newest first."""
    found = search.newest(
        call.session, tenant=query.tenant, status=query.status, before=query.before, limit=query.limit + 1
    )
    return to_page(found, query, lambda each: _shape(call, each))


@endpoints.get(_ONE, _READ)
def get_subscription(call: Call, subscription_id: int) -> SubscriptionShape:
    """One subscription."""
    return _shape(call, search.read(call.session, subscription_id))


@endpoints.post(f"{_ONE}/renew", WRITE)
def renew_subscription(call: Call, subscription_id: int, body: RenewalBody) -> SubscriptionShape:
    """It is paid for until a later date: active again, unless a person suspended it. No payment is pending then."""
    return _read(call, _changes(call, subscription_id, body.version).renew(body.expire_date, body.reason))


@endpoints.post(f"{_ONE}/extend", WRITE)
def extend_subscription(call: Call, subscription_id: int, body: ExtensionBody) -> SubscriptionShape:
    """Give it until a later date, paid or not."""
    return _read(call, _changes(call, subscription_id, body.version).extend(body.expire_date, body.reason))


@endpoints.post(f"{_ONE}/suspend", WRITE)
def suspend_subscription(call: Call, subscription_id: int, body: SubscriptionReasonBody) -> SubscriptionShape:
    """Refuse the tenant's new orders until it is resumed. What is held for it goes on as before."""
    return _read(call, _changes(call, subscription_id, body.version).suspend(body.reason))


@endpoints.post(f"{_ONE}/resume", WRITE)
def resume_subscription(call: Call, subscription_id: int, body: ResumptionBody) -> SubscriptionShape:
    """End a suspension. Where the grace is over it needs a later date with it, or a renewal."""
    return _read(call, _changes(call, subscription_id, body.version).resume(body.reason, body.expire_date))


@endpoints.post(f"{_ONE}/revert", WRITE)
def revert_subscription(call: Call, subscription_id: int, body: SubscriptionReasonBody) -> SubscriptionShape:
    """Take the last renewal or extension back: the date before it counts again."""
    return _read(call, _changes(call, subscription_id, body.version).revert(body.reason))


@endpoints.put(f"{_ONE}/pending-payment", WRITE)
def note_pending_payment(call: Call, subscription_id: int, body: PendingPaymentBody) -> SubscriptionShape:
    """Say that a payment for it is on its way, or is no more. A suspended one with a payment on its way alerts."""
    return _read(call, _changes(call, subscription_id, body.version).note_payment(body.since))


def _changes(call: Call, subscription_id: int, version: int | None) -> SubscriptionChanges:
    settings = call.runtime.settings
    return SubscriptionChanges(
        call.session, subscription_id, at=call.at, actor=call.actor, settings=settings, version=version
    )


def _read(call: Call, subscription: Subscription) -> SubscriptionShape:
    return _shape(call, search.read(call.session, subscription.id))


def _shape(call: Call, of: OfTenant) -> SubscriptionShape:
    subscription = of.subscription
    return SubscriptionShape(
        id=subscription.id,
        tenant=of.tenant.ref,
        status=subscription.status,
        expire_date=subscription.expire_date,
        grace_ends_at=of.grace_ends_at(call.runtime.settings),
        suspended_by_hand=subscription.suspended_by_hand,
        payment_pending_since=subscription.payment_pending_since,
        created_at=subscription.created_at,
        changed_at=subscription.changed_at,
        version=subscription.version,
    )
