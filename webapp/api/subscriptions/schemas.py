"""What the API takes and tells of subscriptions."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.schemas import (
    Instant,
    LongText,
    NewestFirst,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    TenantReference,
    Version,
)
from webapp.domain.states import SubscriptionStatus

_Tenant = Annotated[TenantReference, Field(description="The tenant's reference.")]


class SubscriptionBody(RequestModel):
    """A tenant's subscription, active until a date. One that has passed is applied by the next nightly run."""

    tenant: _Tenant
    expire_date: RequestInstant


class SubscriptionsQuery(NewestFirst):
    """Which subscriptions."""

    tenant: ShortText | None = None
    status: SubscriptionStatus | None = None


class RenewalBody(RequestModel):
    """Until when it is paid for: later than its present date, and in the future."""

    expire_date: RequestInstant
    reason: LongText = "It was paid for."
    version: Version = None


class ExtensionBody(RequestModel):
    """Until when, later than its present date, and why."""

    expire_date: RequestInstant
    reason: LongText
    version: Version = None


class SubscriptionReasonBody(RequestModel):
    """Why."""

    reason: LongText
    version: Version = None


class ResumptionBody(SubscriptionReasonBody):
    """Why, and a later date where the grace is over."""

    expire_date: RequestInstant | None = None


class PendingPaymentBody(RequestModel):
    """Since when a payment for it is on its way; null when none is any more."""

    since: RequestInstant | None
    version: Version = None


class SubscriptionShape(ResponseModel):
    """A tenant's right to sell: `active`, `expired` (it still sells, until its grace ends) or `suspended`.

    `suspended_by_hand` says that only `resume` ends it. With `payment_pending_since` a suspended one is an error.
    """

    id: int
    tenant: str
    status: Annotated[str, Field(json_schema_extra={"enum": list(SubscriptionStatus)})]
    expire_date: Instant
    grace_ends_at: Instant
    suspended_by_hand: bool
    payment_pending_since: Instant | None
    created_at: Instant
    changed_at: Instant
    version: int
