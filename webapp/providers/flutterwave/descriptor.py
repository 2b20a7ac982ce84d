"""Flutterwave, as the desk knows it: v4 when its client is set, else v3 by its secret key; half a client is nothing.

A failed attempt ends nothing there: its page can be paid at until its time is over, and several attempts under one
reference may succeed.
"""

from collections.abc import Callable, Mapping

from webapp.providers.descriptor import Configuration, ProviderDescriptor
from webapp.providers.flutterwave import oauth_token, v4, webhooks
from webapp.providers.flutterwave.common import NAME, HostedPages
from webapp.providers.flutterwave.known_answers import ANSWERS
from webapp.providers.flutterwave.oauth_token import TOKEN_NAME, ClientCredentials, Tokens
from webapp.providers.flutterwave.v3 import FlutterwaveV3
from webapp.providers.flutterwave.v4 import FlutterwaveV4
from webapp.providers.http.client import HttpClient, bearer
from webapp.providers.http.client_factory import ClientFactory
from webapp.settings import Settings

_CLIENT = ("FLUTTERWAVE_CLIENT_ID", "FLUTTERWAVE_CLIENT_SECRET")
_KEY, _HASH = "FLUTTERWAVE_SECRET_KEY", "FLUTTERWAVE_WEBHOOK_SECRET"


def _configuration(settings: Settings) -> Configuration:
    values = (settings.flutterwave_client_id, settings.flutterwave_client_secret)
    missing = tuple(name for name, value in zip(_CLIENT, values, strict=True) if not value)
    lacking = () if settings.flutterwave_webhook_secret else (_HASH,)
    if not missing:
        return Configuration((), lacking, "v4")
    if settings.flutterwave_secret_key:
        return Configuration((), lacking, "v3")
    return Configuration((*missing, _KEY))


def _connect(factory: ClientFactory) -> FlutterwaveV3 | FlutterwaveV4:
    found, version = factory.settings, _configuration(factory.settings).used_as
    pages = HostedPages(found.flutterwave_session_minutes, found.flutterwave_payer_attempts)
    if version == "v4":
        tokens = _tokens(factory)
        return FlutterwaveV4(_client(factory, found.flutterwave_url, lambda: v4.headers(tokens)), tokens, pages)
    carried = bearer(found.flutterwave_secret_key)
    return FlutterwaveV3(_client(factory, found.flutterwave_v3_url, lambda: carried), pages)


def _tokens(factory: ClientFactory) -> Tokens:
    found = factory.settings
    client = factory.client(
        TOKEN_NAME,
        found.flutterwave_token_url,
        lambda: {"Accept": "application/json"},
        oauth_token.ANSWERS,
        per_minute=found.flutterwave_calls_per_minute,
    )
    credentials = ClientCredentials(found.flutterwave_client_id, found.flutterwave_client_secret)
    return Tokens(factory.db, client, credentials, found.encryption_keys)


def _client(factory: ClientFactory, base: str, headers: Callable[[], Mapping[str, str]]) -> HttpClient:
    per_minute = factory.settings.flutterwave_calls_per_minute
    return factory.client(NAME, base, headers, ANSWERS, per_minute=per_minute)


def _test_key(settings: Settings) -> str:
    """v4's clients have no mark of their own."""
    is_test = settings.flutterwave_secret_key.startswith("FLWSECK_TEST")
    return _KEY if is_test and _configuration(settings).used_as != "v4" else ""


DESCRIPTOR = ProviderDescriptor(
    NAME,
    _configuration,
    _connect,
    webhooks.check_signature,
    webhooks.parse,
    webhooks.HEADERS,
    test_key=_test_key,
    refunds=True,
    collects_twice=True,
    page_minutes=lambda settings: settings.flutterwave_session_minutes,
    token_name=lambda settings: TOKEN_NAME if _configuration(settings).used_as == "v4" else "",
    position=2,
)
