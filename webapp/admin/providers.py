"""Providers: which are configured, how they answer, and how far the external ledger has come."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.screen import Screen, page
from webapp.providers.failures import CallFailed
from webapp.security.context import runtime
from webapp.services import mirror_entries, payout_pauses, provider_health


class ProviderScreen(Screen):
    """One card per line to a provider."""

    noun = "providers"
    title = _l("Providers")
    permission = "book:read"
    group = "clock"
    icon = "wallet"
    place = 40

    @page("/")
    def index(self) -> Any:
        """What the database knows of each; nobody is asked."""
        with self.reading() as session:
            found = provider_health.health(session, runtime().settings)
            mirror = mirror_entries.counts(session) if runtime().settings.ledger == "blnk" else None
            pauses = {name: payout_pauses.in_words(each) for name, each in payout_pauses.standing(session).items()}
        return self.show("index.html", lines=found, mirror=mirror, pauses=pauses, now=clock.now())

    @page("/blnk")
    def blnk(self) -> Any:
        """What the external ledger says of itself, asked now."""
        found = runtime().providers.blnk
        said, is_up = "", False
        if found is not None:
            try:
                said = found.health()
                is_up = said == "UP"
            except CallFailed as failure:
                said = failure.sentence
        return self.show("blnk.html", said=said, is_up=is_up, is_configured=found is not None)
