"""Inbound webhooks: what the providers told us, what came of it, and handling it again."""

import json
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.lists.columns import Column, choice, since, text
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.domain.states import InboundWebhookStatus
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import InboundWebhook
from webapp.providers import catalogue
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.webhooks import inbox, inbox_detail, inbox_kinds

_STATES = [
    (InboundWebhookStatus.RECEIVED, _l("waits to be handled")),
    (InboundWebhookStatus.HANDLED, _l("handled")),
    (InboundWebhookStatus.IGNORED, _l("ignored")),
    (InboundWebhookStatus.FAILED, _l("failed")),
]
_PROVIDERS = [(each.name, each.name) for each in catalogue.every()]
_PAGES = {"payment": "payments.one", "payout": "payouts.one"}


class InboundWebhookScreen(ListScreen):
    """One row per webhook, however often it came."""

    slug = "inbound-webhooks"
    title = _l("Inbound webhooks")
    permission = "webhook:read"
    group = "record"
    icon = "download"
    order = 25
    list_template = "outbox/inbound_webhooks.html"
    intro = _l("What the providers told us. Each is asked about before it is believed, and handled once.")
    empty = _l(
        "No webhook is like this. They appear once a provider is told to post to /webhooks/ and its name at this desk, "
        "such as /webhooks/paystack."
    )
    listing = Listing(
        key=InboundWebhook.id,
        columns=(
            Column(
                "id",
                _l("Number"),
                InboundWebhook.id,
                kind="ref",
                link=lambda row: url_for("inbound-webhooks.one", inbound_webhook_id=row.id),
            ),
            Column("provider", _l("Provider"), InboundWebhook.provider),
            Column("event", _l("Event"), InboundWebhook.event, kind="name"),
            Column("reference", _l("Reference"), InboundWebhook.reference),
            Column("status", _l("Outcome"), InboundWebhook.status, kind="badge"),
            Column("times", _l("Came"), InboundWebhook.times, kind="number"),
            Column("result", _l("In words"), InboundWebhook.result, kind="word"),
            Column("received_at", _l("Received"), InboundWebhook.received_at, kind="when", sort=InboundWebhook.id),
            Column("handled_at", _l("Handled"), InboundWebhook.handled_at, kind="when", shown=False),
        ),
        filters=(
            choice("provider", _l("Provider"), InboundWebhook.provider, _PROVIDERS),
            choice("status", _l("Outcome"), InboundWebhook.status, _STATES),
            text("event", _l("Event"), InboundWebhook.event),
            since("from", _l("Since"), InboundWebhook.received_at),
        ),
        search=lambda words: InboundWebhook.reference == words,
        search_hint=_l("Exactly the reference"),
    )

    def around(self, session: Any) -> dict[str, Any]:
        """What is counted and not kept, and what came without a right signature lately."""
        return {"kinds": inbox_kinds.kinds(session), "refusals": inbox_detail.refusals(session, clock.now())}

    @page("/<int:inbound_webhook_id>")
    def one(self, inbound_webhook_id: int) -> Any:
        """One webhook as it came, and what it is about."""
        with self.reading() as session:
            found = inbox_detail.read(session, inbound_webhook_id)
        address = None
        if found.subject is not None and found.subject[0] in _PAGES:
            kind, number = found.subject
            arguments: dict[str, Any] = {f"{kind}_id": number}
            address = url_for(_PAGES[kind], **arguments)
        return self.render(
            "outbox/inbound_webhook.html", webhook=found.webhook, body=_pretty(found.webhook.body), about=address
        )

    @action("/<int:inbound_webhook_id>/replay", permission="webhook:replay")
    def replay(self, inbound_webhook_id: int, form: DeskForm) -> Done:
        """Handle it again."""
        with self.transaction() as session:
            inbox.replay(session, inbound_webhook_id, at=clock.now(), actor=current_actor())
            run = inbox.nudge(session, inbox.ACTOR)
            if run is not None:
                enqueue_after_commit(runtime(), session, run)
        return _("Webhook %(number)s is handled again within a minute.", number=inbound_webhook_id)

    @replay.confirmation
    def _confirm_replay(self, inbound_webhook_id: int) -> ActionPage:
        with self.reading() as session:
            webhook = inbox_detail.read(session, inbound_webhook_id).webhook
        summary = _(
            "%(provider)s is asked once more about what this webhook tells of. What was done is not done twice.",
            provider=webhook.provider,
        )
        facts = [(_("Event"), webhook.event), (_("Reference"), webhook.reference or "–")]
        title = _("Handle webhook %(number)s again", number=inbound_webhook_id)
        return ActionPage(
            title, self.at("one", inbound_webhook_id=inbound_webhook_id), summary, _("Handle again"), facts=facts
        )


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
