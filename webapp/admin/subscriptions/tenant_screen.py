"""Tenants: the shops of the marketplace, each with its subscription and everything around it."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.subscriptions.actions import TenantActions
from webapp.admin.subscriptions.listing import TENANTS
from webapp.admin.ui.actions.action_links import ActionLink, action_link
from webapp.admin.ui.formatting import money, number
from webapp.admin.ui.layout import may_open
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import in_words
from webapp.domain.states import SubscriptionStatus
from webapp.models import Subscription
from webapp.security.context import runtime
from webapp.services.read_models import tenant_detail
from webapp.services.read_models.tenant_detail import TenantDetail
from webapp.services.subscriptions import explanation
from webapp.services.subscriptions.search import OfTenant
from webapp.services.subscriptions.subscriptions import WRITE


class TenantScreen(ListScreen, TenantActions):
    """Every shop of the marketplace."""

    slug = "tenants"
    title = _l("Tenants")
    permission = "storefront:read"
    group = "money"
    icon = "people"
    order = 51
    intro = _l("The shops of the marketplace.")
    empty = _l("No tenant is like this. Tenants appear when the marketplace sends them, or with their first order.")
    listing = TENANTS

    @page("/<int:tenant_id>")
    def one(self, tenant_id: int) -> Any:
        """A tenant: its subscription, orders, held money, figures, messages, and what it sells."""
        with self.reading() as session:
            found = tenant_detail.read(session, tenant_id)
        of = OfTenant(found.subscription, found.tenant) if found.subscription else None
        settings = runtime().settings
        return self.render(
            "subscriptions/tenant.html",
            found=found,
            subscription=found.subscription,
            grace_ends_at=of.grace_ends_at(settings) if of else None,
            why=explanation.sentences(of, clock.now(), settings) if of else [],
            tone=_tone(found.subscription),
            moments=in_words(found.moments),
            action_links=_action_links(found),
            held_facts=[(currency, money(amount, currency)) for amount, currency in found.held],
            sold_facts=_sold(found),
            days=tenant_detail.DAYS,
            analytics_page=_analytics_page(tenant_id),
            most=tenant_detail.COUNTED,
        )


def _analytics_page(tenant_id: int) -> str | None:
    return url_for("analytics.one", tenant_id=tenant_id) if may_open("analytics.one") else None


def _sold(found: TenantDetail) -> list[tuple[str, str]]:
    """Its figures in words, by currency; nothing while no day was counted."""
    if found.figures is None:
        return []
    rows = []
    for currency, sales in found.figures.sales.items():
        rows.append((_("Revenue in %(currency)s", currency=currency), money(sales.revenue, currency)))
        rows.append((_("Orders in %(currency)s", currency=currency), number(sales.orders)))
    return [*rows, (_("New customers"), number(found.figures.new_customers))]


def _tone(subscription: Subscription | None) -> tuple[str, str]:
    """How the banner looks: its tone and its icon."""
    looks = {
        SubscriptionStatus.ACTIVE: ("good", "check"),
        SubscriptionStatus.EXPIRED: ("warn", "clock"),
        SubscriptionStatus.SUSPENDED: ("bad", "stop"),
    }
    return looks[SubscriptionStatus(subscription.status)] if subscription else ("", "dot")


def _action_links(found: TenantDetail) -> list[ActionLink]:
    one = found.subscription
    if one is None:
        return [action_link("subscribe", _("Give a subscription…"), "plus", WRITE)]
    is_suspended = one.status == SubscriptionStatus.SUSPENDED
    by_hand = _("It is suspended by hand already.") if one.suspended_by_hand else ""
    running = "" if is_suspended else _("It is not suspended.")
    nothing = "" if one.date_before else _("There is no renewal and no extension to take back.")
    links = [
        _link("renew", _("Renew…"), "refresh", one),
        _link("extend", _("Extend…"), "clock", one),
        _link("resume", _("Resume…"), "play", one, running),
        _link("suspend", _("Suspend…"), "stop", one, by_hand, "danger-quiet"),
        _link("revert", _("Take the new date back…"), "return", one, nothing),
    ]
    if one.payment_pending_since:
        links.append(_link("nothing_pending", _("Nothing is pending…"), "coins", one))
    return links


def _link(view: str, verb: str, symbol: str, one: Subscription, reason: str = "", tone: str = "") -> ActionLink:
    address = url_for(f"subscriptions.{view}", subscription_id=one.id)
    return action_link(view, verb, symbol, WRITE, reason, tone, address)
