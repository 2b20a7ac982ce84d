"""Paystack, as the desk knows it: on when its secret key is set."""

from webapp.providers.descriptor import Configuration, ProviderDescriptor
from webapp.providers.http.client import bearer
from webapp.providers.http.client_factory import ClientFactory
from webapp.providers.paystack import webhooks
from webapp.providers.paystack.known_answers import ANSWERS
from webapp.providers.paystack.provider import NAME, Paystack
from webapp.settings import Settings

_KEY = "PAYSTACK_SECRET_KEY"


def _configuration(settings: Settings) -> Configuration:
    return Configuration(() if settings.paystack_secret_key else (_KEY,))


def _connect(factory: ClientFactory) -> Paystack:
    found, carried = factory.settings, bearer(factory.settings.paystack_secret_key)
    per_minute = found.paystack_calls_per_minute
    client = factory.client(NAME, found.paystack_url, lambda: carried, ANSWERS, per_minute=per_minute)
    return Paystack(client, is_live=found.is_production)


def _test_key(settings: Settings) -> str:
    return _KEY if settings.paystack_secret_key.startswith("sk_test_") else ""


DESCRIPTOR = ProviderDescriptor(
    NAME,
    _configuration,
    _connect,
    webhooks.check_signature,
    webhooks.parse,
    webhooks.HEADERS,
    test_key=_test_key,
    refunds=True,
    pays_out=True,
    position=1,
)
