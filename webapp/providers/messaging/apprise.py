"""Chats and short messages through Apprise. Its addresses hold secrets: they are named by service and digest only."""

import logging
from collections.abc import Iterable

from webapp.domain.outbox.notify_urls import dialled, dialling, name_of, takes_phone
from webapp.domain.states import Channel
from webapp.providers.http import leases
from webapp.providers.http.errors import NotSent, ProviderRefused

_SECONDS = 10.0
"""How long Apprise may take for one message, connecting included."""


def is_understood(url: str) -> bool:
    """Whether Apprise knows this kind of address and finds in it what it needs. Nothing is sent."""
    import apprise  # It takes half a second, and most processes never say anything.

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    # A place for a number is no number: any will do to see whether the rest can be used.
    return bool(apprise.Apprise().add(dialling(url, "+250788123456") if takes_phone(url) else url))


class Chat:
    """The addresses of NOTIFY_URLS and ALERT_URLS."""

    def __init__(self, notify_urls: Iterable[str], alert_urls: Iterable[str]) -> None:
        notify = list(notify_urls)
        self._known = {name_of(url): url for url in [*notify, *alert_urls] if not takes_phone(url)}
        self._by_phone = next((url for url in notify if takes_phone(url)), None)
        logging.getLogger("apprise").setLevel(logging.CRITICAL)

    def say(self, channel: str, recipient: str, title: str, body: str) -> None:
        """Say it to a chat by its name, or to a telephone, under the lease at hand.

        Raises NotSent, or Refused when it can never arrive.
        """
        url = self._dialling(recipient) if channel == Channel.SMS else self._known.get(recipient)
        if url is None:
            raise ProviderRefused("Its address is not set any more.", status=0)
        import apprise  # It takes half a second, and most processes never say anything.

        service = apprise.Apprise()
        if not service.add(url):
            raise ProviderRefused("Apprise does not know this kind of address.", status=0)
        leases.ensure_live(_SECONDS)
        if not service.notify(body=body, title=title):
            raise NotSent(f"{url.partition(':')[0]} did not take it.")

    def _dialling(self, phone: str) -> str | None:
        number = dialled(phone)
        if self._by_phone is None or number is None:
            return None
        return dialling(self._by_phone, number)
