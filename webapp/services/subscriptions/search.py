"""Finding subscriptions, with their tenants: by reference or beginning of the name, by status, by what they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import REMIND_WITHIN, grace_of
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Subscription, Tenant
from webapp.settings import Settings
from webapp.sql import begins

ENOUGH = 1_000
COUNTED = 99


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
        raise NotFound(phrase("There is no subscription %(subscription_id)s.", subscription_id=subscription_id))
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


def tenants_matching(words: str) -> ColumnElement[bool]:
    """Tenants whose reference or name begins with these words; names also as they are usually written."""
    return Tenant.id.in_(_tenants(words))


def matching(words: str) -> ColumnElement[bool]:
    """The subscriptions of those."""
    return Subscription.tenant_id.in_(_tenants(words))


def counts(session: Session, at: datetime) -> dict[str, str]:
    """How many need something, in one statement; beyond COUNTED it says so and counts no further."""
    ways = {
        "expiring": expiring(at),
        "grace": Subscription.status == SubscriptionStatus.EXPIRED,
        "suspended": Subscription.status == SubscriptionStatus.SUSPENDED,
    }
    columns = [_up_to(select(Subscription.id).where(way)).label(name) for name, way in ways.items()]
    found = session.execute(select(*columns)).one()._mapping
    return {name: f"{COUNTED}+" if count > COUNTED else str(count) for name, count in found.items()}


def by_status(session: Session) -> dict[str, int]:
    """How many there are of each status, none of it included."""
    rows = session.execute(select(Subscription.status, func.count()).group_by(Subscription.status)).all()
    return {str(status): 0 for status in SubscriptionStatus} | {str(status): count for status, count in rows}


def _tenants(words: str) -> Any:
    spellings = dict.fromkeys((words, words.title(), words.capitalize(), words.upper()))
    ways = [begins(Tenant.ref, words), *[begins(Tenant.name, spelling) for spelling in spellings]]
    return union_all(*[select(select(Tenant.id).where(way).limit(ENOUGH).subquery()) for way in ways])


def _up_to(rows: Any) -> Any:
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()


def _both() -> Any:
    return select(Subscription, Tenant).join(Tenant, Tenant.id == Subscription.tenant_id)
