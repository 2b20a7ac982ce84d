"""Alert rules about subscriptions."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.states import SubscriptionStatus
from webapp.domain.words import phrase
from webapp.models import Subscription, Tenant
from webapp.services.alerts.registry import Answer, rule
from webapp.settings import Settings

_MOST = 200


@rule(severity="page")
def tenant_suspended_in_error(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A tenant is suspended although a payment for its subscription is on its way."""
    query = (
        select(Tenant.ref, Subscription.payment_pending_since)
        .join(Tenant, Tenant.id == Subscription.tenant_id)
        .where(
            Subscription.status == SubscriptionStatus.SUSPENDED,
            Subscription.payment_pending_since.is_not(None),
            # A person had a reason of their own, which a payment does not answer.
            ~Subscription.suspended_by_hand,
        )
        .order_by(Subscription.id)
    )
    for ref, since in session.execute(query.limit(_MOST)):
        pending = clock.iso(since or at)
        yield (
            ref,
            phrase(
                "Tenant %(ref)s is suspended, and its payment is pending since %(pending)s.", ref=ref, pending=pending
            ),
            [pending],
        )
