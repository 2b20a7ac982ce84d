"""Notifications: what goes out to people, what could not, and what is done about it."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func

from webapp.admin.outbox.delivery_actions import DeliveryActions
from webapp.admin.ui.lists.columns import Column, choice, since, text
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.admin.ui.subject_links import address_of
from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery, WebhookEndpoint
from webapp.services.notifications import deliveries

CHANNELS = [
    (Channel.EMAIL, _l("email")),
    (Channel.SMS, _l("SMS")),
    (Channel.CHAT, _l("chat")),
    (Channel.WEBHOOK, _l("webhook")),
]
STATES = [
    (DeliveryStatus.WAITING, _l("waiting")),
    (DeliveryStatus.DELIVERED, _l("delivered")),
    (DeliveryStatus.DEAD, _l("dead")),
    (DeliveryStatus.CANCELLED, _l("cancelled")),
]
TABS: dict[str, tuple[Any, Any]] = {
    "people": (_l("To people"), (Delivery.endpoint_id.is_(None),)),
    "webhooks": (_l("Webhooks"), (Delivery.endpoint_id.is_not(None),)),
    "dead": (_l("Dead letters"), (Delivery.status == DeliveryStatus.DEAD,)),
}


class DeliveryScreen(DeliveryActions):
    """One row per delivery."""

    slug = "notifications"
    title = _l("Notifications")
    permission = "delivery:read"
    group = "record"
    icon = "inbox"
    order = 20
    list_template = "outbox/deliveries.html"
    intro = _l("What goes out: emails, short messages, chats and webhooks. What fails is tried again by itself.")
    empty = _l(
        "Nothing here. Messages to people appear when a payment is released, a dispute is opened or a payout ends, "
        "once SMTP_URL or NOTIFY_URLS is set; dead letters when something could not be delivered."
    )
    listing = Listing(
        key=Delivery.id,
        columns=(
            Column(
                "id",
                _l("Number"),
                Delivery.id,
                kind="ref",
                link=lambda row: url_for("notifications.one", delivery_id=row.id),
            ),
            Column("kind", _l("What"), Delivery.kind, kind="name"),
            Column("channel", _l("By"), Delivery.channel),
            Column("to", _l("To"), func.coalesce(Delivery.recipient, WebhookEndpoint.description)),
            Column("title", _l("Subject"), Delivery.title, shown=False),
            Column("status", _l("State"), Delivery.status, kind="badge"),
            Column("attempts", _l("Attempts"), Delivery.attempts, kind="number"),
            Column("last_error", _l("Last problem"), Delivery.last_error),
            Column("created_at", _l("Written"), Delivery.created_at, kind="when", sort=Delivery.id),
            Column("delivered_at", _l("Arrived"), Delivery.delivered_at, kind="when"),
        ),
        filters=(
            choice("channel", _l("By"), Delivery.channel, CHANNELS),
            choice("status", _l("State"), Delivery.status, STATES),
            text("kind", _l("What"), Delivery.kind),
            since("from", _l("Since"), Delivery.created_at),
        ),
        search=lambda words: Delivery.recipient == words,
        search_hint=_l("Exactly the email address or telephone number"),
        source=lambda query: query.outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id),
    )

    def conditions(self) -> tuple[Any, ...]:
        """The tab's."""
        found: tuple[Any, ...] = TABS[self._tab()][1]
        return found

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs, and what an action for all would be about."""
        dead_filters = {name: request.args[name] for name in ("channel", "kind") if request.args.get(name)}
        tabs = [(label, self.at(tab=name), name == self._tab(), None) for name, (label, _where) in TABS.items()]
        return {"tabs": tabs, "tab": self._tab(), "dead_filters": dead_filters}

    @page("/<int:delivery_id>")
    def one(self, delivery_id: int) -> Any:
        """A delivery and what it says."""
        with self.reading() as session:
            found = deliveries.get(session, delivery_id)
            endpoint = session.get(WebhookEndpoint, found.endpoint_id) if found.endpoint_id else None
        about = address_of(found.subject_kind, found.subject_id)
        permission = "webhook:replay" if found.channel == Channel.WEBHOOK else "delivery:retry"
        title = _("Delivery %(number)s", number=found.id)
        return self.render(
            "outbox/delivery.html", delivery=found, endpoint=endpoint, about=about, permission=permission, heading=title
        )

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "people"
