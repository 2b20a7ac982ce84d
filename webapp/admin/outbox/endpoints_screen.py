"""Webhooks: who is told of events, and how that goes."""

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select

from webapp.admin.outbox.endpoint_actions import EndpointActions
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.models import Delivery, WebhookEndpoint
from webapp.services.webhooks import endpoints as webhook_endpoints

_SHOWN = 50
_STATE = case(
    (WebhookEndpoint.removed_at.is_not(None), "removed"),
    (WebhookEndpoint.paused_at.is_not(None), "paused"),
    (WebhookEndpoint.failures > 0, "failing"),
    else_="active",
)


class EndpointScreen(EndpointActions):
    """One row per endpoint."""

    slug = "webhooks"
    title = _l("Webhooks")
    permission = "webhook:read"
    group = "desk"
    icon = "chat"
    order = 30
    list_template = "outbox/endpoints.html"
    intro = _l("Systems that are told what happens here, each at its address, signed with its own secret.")
    empty = _l("No endpoint yet. Add one for each system that wants to hear of escrows, disputes and payouts.")
    listing = Listing(
        key=WebhookEndpoint.id,
        columns=(
            Column(
                "description",
                _l("For"),
                WebhookEndpoint.description,
                kind="ref",
                link=lambda row: url_for("webhooks.one", endpoint_id=row.id),
            ),
            Column("id", _l("Number"), WebhookEndpoint.id, sort=True, shown=False),
            Column("url", _l("Address"), WebhookEndpoint.url),
            Column("events", _l("Events"), WebhookEndpoint.events),
            Column("state", _l("State"), _STATE, kind="badge"),
            Column("failures", _l("Failures in a row"), WebhookEndpoint.failures, kind="number"),
            Column("created_at", _l("Added"), WebhookEndpoint.created_at, kind="when"),
        ),
        filters=(flag("removed", _l("Removed ones"), WebhookEndpoint.removed_at.is_not(None)),),
        search=lambda words: WebhookEndpoint.url.startswith(words, autoescape=True),
        search_hint=_l("How the address begins"),
    )

    def conditions(self) -> tuple[Any, ...]:
        """Removed ones only when they are asked for."""
        return () if request.args.get("removed") else (WebhookEndpoint.removed_at.is_(None),)

    @page("/<int:endpoint_id>")
    def one(self, endpoint_id: int) -> Any:
        """An endpoint and what was sent to it lately."""
        latest = select(Delivery).where(Delivery.endpoint_id == endpoint_id).order_by(Delivery.id.desc()).limit(_SHOWN)
        with self.reading() as session:
            endpoint = webhook_endpoints.get(session, endpoint_id)
            return self.render("outbox/endpoint.html", endpoint=endpoint, deliveries=session.scalars(latest).all())
