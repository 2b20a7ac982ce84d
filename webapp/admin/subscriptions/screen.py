"""Subscriptions: whose right to sell ends soon, who is in grace, who is suspended."""

from typing import Any

from flask import redirect
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.subscriptions.actions import SubscriptionActions, tenant_page
from webapp.admin.subscriptions.listing import TABS, conditions, subscriptions
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.tabbed_screen import TabbedScreen
from webapp.admin.ui.screen import page
from webapp.security.context import runtime
from webapp.services.subscriptions import search


class SubscriptionScreen(TabbedScreen, SubscriptionActions):
    """Every tenant's right to sell, the first to end first."""

    slug = "subscriptions"
    title = _l("Subscriptions")
    permission = "subscription:read"
    group = "money"
    icon = "key"
    order = 50
    intro = _l("A tenant's right to sell: active until its date, expired for the days of grace, then suspended.")
    empty = _l("No subscription is like this. The marketplace or an operator gives one to each tenant.")
    tabs = TABS

    def current_listing(self) -> Listing:
        """With the grace that the settings give."""
        return subscriptions(runtime().settings)

    def conditions(self) -> tuple[Any, ...]:
        """What the tab shows, at this hour."""
        return conditions(self.tab(), clock.now())

    def around(self, session: Any) -> dict[str, Any]:
        """The row of tabs with its counts."""
        counts = search.counts(session, clock.now())
        found = super().around(session)
        names = list(TABS)
        return found | {"tabs": [(*tab[:3], counts.get(names[place])) for place, tab in enumerate(found["tabs"])]}

    @page("/<int:subscription_id>")
    def one(self, subscription_id: int) -> Any:
        """A subscription is shown on the page of its tenant."""
        with self.reading() as session:
            return redirect(tenant_page(search.read(session, subscription_id).tenant.id))
