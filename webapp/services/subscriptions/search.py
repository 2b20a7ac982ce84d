"""Finding subscriptions, with their tenants: by reference or beginning of the name, by status, by what they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import REMIND_WITHIN, grace_of
from webapp.errors import NotFound
from webapp.models import Subscription, Tenant
from webapp.settings import Settings
from webapp.sql import begins

ENOUGH = 1_000


@dataclass(frozen=True, slots=True)
class OfTenant:
    """A subscription and its tenant."""

    subscription: Subscription
    tenant: Tenant

    @property
    def id(self) -> int:
        """The subscription's."""
        return self.subscription.id

    def grace_ends_at(self, settings: Settings) -> datetime:
        """When it is suspended unless it is renewed before."""
        days = settings.subscription_grace_period_days
        return self.subscription.expire_date + grace_of(self.tenant.grace_days, days)


def read(session: Session, subscription_id: int) -> OfTenant:
    """One. Raises NotFound."""
    found = session.execute(_both().where(Subscription.id == subscription_id)).one_or_none()
    if found is None:
        raise NotFound(f"There is no subscription {subscription_id}.")
    return OfTenant(*found)


def newest(
    session: Session,
    *,
    tenant: str | None = None,
    status: SubscriptionStatus | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[OfTenant]:
    """The newest, after the id of the last one seen."""
    query = _both()
    for column, value in ((Tenant.ref, tenant), (Subscription.status, status)):
        query = query if value is None else query.where(column == value)
    query = query if before is None else query.where(Subscription.id < before)
    return [OfTenant(*row) for row in session.execute(query.order_by(Subscription.id.desc()).limit(limit))]


def expiring(at: datetime) -> ColumnElement[bool]:
    """Active ones that expire soon, or are about to be marked as expired."""
    return (Subscription.status == SubscriptionStatus.ACTIVE) & (Subscription.expire_date <= at + REMIND_WITHIN)


def matching(words: str) -> ColumnElement[bool]:
    """Those of tenants whose reference or name begins with these words; names also as they are usually written."""
    spellings = dict.fromkeys((words, words.title(), words.capitalize(), words.upper()))
    ways = [begins(Tenant.ref, words), *[begins(Tenant.name, spelling) for spelling in spellings]]
    found = union_all(*[select(select(Tenant.id).where(way).limit(ENOUGH).subquery()) for way in ways])
    return Subscription.tenant_id.in_(found)


def _both() -> Any:
    return select(Subscription, Tenant).join(Tenant, Tenant.id == Subscription.tenant_id)
