"""Providers: which are configured, how they answer, and how far the external ledger has come."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.ui.screen import Screen, page
from webapp.providers.blnk import health as blnk_health
from webapp.providers.blnk.provider import TRANSFERS
from webapp.security.context import runtime
from webapp.services.monitoring import provider_health
from webapp.services.payouts import pauses as payout_pauses
from webapp.services.reconciliation import discrepancies, mirror_queue


class ProviderScreen(Screen):
    """One card per line to a provider."""

    slug = "providers"
    title = _l("Providers")
    permission = "book:read"
    group = "operations"
    icon = "wallet"
    order = 40

    @page("/")
    def index(self) -> Any:
        """What the database knows of each; nobody is asked."""
        with self.reading() as session:
            found = provider_health.health(session, runtime().settings)
            mirror = mirror_queue.counts(session) if runtime().settings.ledger == "blnk" else None
            pauses = {name: payout_pauses.in_words(each) for name, each in payout_pauses.in_force(session).items()}
            checked = discrepancies.last_of(session, TRANSFERS)
        shown = {"lines": found, "mirror": mirror, "checked": checked, "pauses": pauses}
        return self.render("monitoring/providers.html", **shown, now=clock.now())

    @page("/blnk")
    def blnk(self) -> Any:
        """What the external ledger says of itself and of our key, asked now."""
        found = runtime().providers.blnk
        health = blnk_health.check_health(found) if found is not None else None
        return self.render("monitoring/blnk.html", health=health)
