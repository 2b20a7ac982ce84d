"""Payments: attempts to collect money, and those that a person has to look at."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.payments.actions import PaymentActions
from webapp.admin.payments.listing import LISTING, TABS
from webapp.admin.ui.formatting import money
from webapp.admin.ui.lists.tabbed_screen import TabbedScreen
from webapp.admin.ui.screen import page
from webapp.admin.ui.timeline import Shown, in_words
from webapp.domain.payments.loss_allocation import Bearer
from webapp.domain.providers import provider_messages
from webapp.models import InboundWebhook
from webapp.services.payments import detail as payment_detail
from webapp.services.payments import explanation as payment_explanation
from webapp.services.payments.detail import PaymentDetail


class PaymentScreen(TabbedScreen, PaymentActions):
    """Every attempt to collect money for an order."""

    slug = "payments"
    title = _l("Payments")
    permission = "payment:read"
    group = "money"
    icon = "coins"
    order = 12
    intro = _l("Attempts to collect money through a provider. Those in review wait for a person.")
    empty = _l("No payment is like this. A payment appears when the marketplace starts a checkout for an order.")
    listing, tabs, counted = LISTING, TABS, "payments"

    @page("/<int:payment_id>")
    def one(self, payment_id: int) -> Any:
        """A payment: what is the matter with it, what its provider said, and what can be done."""
        with self.reading() as session:
            file = payment_detail.read(session, payment_id)
            action_links = self.action_links(session, file)
        why = payment_explanation.why(file, clock.now())
        return self.render(
            "payments/payment.html",
            file=file,
            why=why,
            moments=_moments(file),
            action_links=action_links,
            borne=_borne(file),
        )


def _borne(file: PaymentDetail) -> list[tuple[str, str]]:
    names = {
        Bearer.ESCROW: _("The escrow"),
        Bearer.SELLER: _("The seller"),
        Bearer.BUYER: _("The buyer"),
        Bearer.FEES: _("The fees"),
        Bearer.PLATFORM: _("The platform, as a loss"),
    }
    return [(names[Bearer(each)], money(amount, file.payment.currency)) for each, amount in file.borne.items()]


def _moments(file: PaymentDetail) -> list[Shown]:
    """What was done and what the provider told, newest first."""
    found = [*in_words(file.moments), *map(_webhook_moment, file.inbound_webhooks)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def _webhook_moment(webhook: InboundWebhook) -> Shown:
    title = _("The provider told: %(event)s", event=provider_messages.event(webhook.event))
    tone = {"failed": "bad", "handled": "good"}.get(webhook.status, "info")
    return Shown(
        webhook.received_at, title, tone, "inbox", webhook.provider, provider_messages.sentence(webhook.result)
    )
