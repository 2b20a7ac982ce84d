"""The list of subscriptions by what they need, and the list of tenants."""

from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select

from webapp.admin.ui.lists.columns import Column, choice, flag, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.tabbed_screen import Tabs
from webapp.domain.states import SubscriptionStatus
from webapp.models import Subscription, Tenant
from webapp.services.subscriptions import search
from webapp.services.subscriptions.expiry import grace_ends_at
from webapp.settings import Settings

TABS: Tabs = {
    "expiring": (_l("Expiring"), ()),
    "grace": (_l("In grace"), (Subscription.status == SubscriptionStatus.EXPIRED,)),
    "suspended": (_l("Suspended"), (Subscription.status == SubscriptionStatus.SUSPENDED,)),
    "all": (_l("All"), ()),
}
"""What a subscription needs. What expires soon depends on the hour: `conditions` says it."""
STATUSES = [
    (SubscriptionStatus.ACTIVE, _l("active")),
    (SubscriptionStatus.EXPIRED, _l("expired, in grace")),
    (SubscriptionStatus.SUSPENDED, _l("suspended")),
]


def conditions(tab: str, at: datetime) -> tuple[Any, ...]:
    """What a subscription must be like to be in this tab."""
    return (search.expiring(at),) if tab == "expiring" else TABS[tab][1]


def subscriptions(settings: Settings) -> Listing:
    """Subscriptions, the first to end first. The usual grace is that of the settings."""
    return Listing(
        key=Subscription.id,
        sort="expire_date",
        source=_with_tenant,
        columns=(
            Column("tenant", _l("Tenant"), Tenant.name, kind="ref", link=_tenant_page),
            Column("id", _l("Number"), Subscription.id, shown=False),
            Column("tenant_id", "", Tenant.id, shown=False, exported=False),
            Column("ref", _l("Reference"), Tenant.ref),
            Column("status", _l("Status"), Subscription.status, kind="badge"),
            Column("expire_date", _l("Expires"), Subscription.expire_date, kind="when", sort=True),
            Column("grace_ends_at", _l("Grace ends"), grace_ends_at(settings), kind="when"),
            Column("payment", _l("Payment pending"), Subscription.payment_pending_since, kind="when", sparse=True),
            Column("changed_at", _l("Changed"), Subscription.changed_at, kind="when"),
        ),
        filters=(
            choice("status", _l("Status"), Subscription.status, STATUSES),
            flag("by_hand", _l("Suspended by hand"), Subscription.suspended_by_hand),
            flag("pending", _l("Payment pending"), Subscription.payment_pending_since.is_not(None)),
            flag("mute", _l("Without an address"), Tenant.email.is_(None)),
            since("from", _l("Expires from"), Subscription.expire_date),
            until("to", _l("Expires until"), Subscription.expire_date),
        ),
        search=search.matching,
        search_hint=_l("Tenant's name or reference"),
    )


TENANTS = Listing(
    key=Tenant.id,
    columns=(
        Column("name", _l("Tenant"), Tenant.name, kind="ref", sort=True, link=lambda row: _page(row.id)),
        Column("id", _l("Number"), Tenant.id, shown=False),
        Column("ref", _l("Reference"), Tenant.ref),
        Column("status", _l("Subscription"), Subscription.status, kind="badge"),
        Column("expire_date", _l("Expires"), Subscription.expire_date, kind="when"),
        Column("email", _l("Email"), Tenant.email, shown=False),
        Column("zone", _l("Time zone"), Tenant.zone, shown=False),
        Column("grace_days", _l("Own days of grace"), Tenant.grace_days, kind="number", sparse=True),
        Column("created_at", _l("Since"), Tenant.created_at, kind="when"),
    ),
    filters=(
        choice("status", _l("Subscription"), Subscription.status, STATUSES),
        flag("none", _l("Without a subscription"), Subscription.id.is_(None)),
        flag("mute", _l("Without an address"), Tenant.email.is_(None)),
    ),
    source=lambda query: query.select_from(Tenant).outerjoin(Subscription, Subscription.tenant_id == Tenant.id),
    search=search.tenants_matching,
    search_hint=_l("Reference or beginning of a name"),
)


def _with_tenant(query: Select[Any]) -> Select[Any]:
    return query.join(Tenant, Tenant.id == Subscription.tenant_id)


def _tenant_page(row: Any) -> str:
    return _page(row.tenant_id)


def _page(tenant_id: int) -> str:
    return url_for("tenants.one", tenant_id=tenant_id)
