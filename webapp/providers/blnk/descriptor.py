"""Blnk, the external ledger, as the desk knows it: on when it is mirrored to. It takes no payments."""

from webapp.providers.blnk import webhooks
from webapp.providers.blnk.known_answers import ANSWERS
from webapp.providers.blnk.provider import NAME, Blnk, headers
from webapp.providers.descriptor import Configuration, ProviderDescriptor
from webapp.providers.http.client_factory import ClientFactory
from webapp.settings import Settings


def _configuration(settings: Settings) -> Configuration:
    if settings.ledger != NAME:
        return Configuration(("LEDGER",))
    return Configuration((), () if settings.blnk_webhook_secret else ("BLNK_WEBHOOK_SECRET",))


def _connect(factory: ClientFactory) -> Blnk:
    found, carried = factory.settings, headers(factory.settings.blnk_api_key)
    return Blnk(factory.client(NAME, found.blnk_url, lambda: carried, ANSWERS, per_minute=found.blnk_calls_per_minute))


DESCRIPTOR = ProviderDescriptor(
    NAME,
    _configuration,
    _connect,
    webhooks.check_signature,
    webhooks.parse,
    webhooks.HEADERS,
    collects=False,
    position=3,
)
