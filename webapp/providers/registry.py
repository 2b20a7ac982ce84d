"""Which providers this desk has: made from the settings, one of each per process."""

from collections.abc import Callable, Mapping
from functools import cached_property

from webapp.db import Database
from webapp.errors import Unavailable
from webapp.providers import key_modes
from webapp.providers.blnk import known_answers as blnk_answers
from webapp.providers.blnk import provider as blnk
from webapp.providers.blnk.provider import Blnk
from webapp.providers.flutterwave import common as flutterwave
from webapp.providers.flutterwave import known_answers as flutterwave_answers
from webapp.providers.flutterwave import oauth_token as flutterwave_token
from webapp.providers.flutterwave import v3 as flutterwave_v3
from webapp.providers.flutterwave import v4 as flutterwave_v4
from webapp.providers.flutterwave.common import HostedPages
from webapp.providers.flutterwave.oauth_token import TOKEN_NAME, ClientCredentials, Tokens
from webapp.providers.flutterwave.v3 import FlutterwaveV3
from webapp.providers.flutterwave.v4 import FlutterwaveV4
from webapp.providers.http.answer_kinds import Classifier, ErrorReader
from webapp.providers.http.circuit_breaker import CircuitBreaker
from webapp.providers.http.client import ClientConfig, HttpClient
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.providers.paystack import known_answers as paystack_answers
from webapp.providers.paystack import provider as paystack
from webapp.providers.paystack.provider import Paystack
from webapp.providers.protocols import (
    ChargebackReader,
    CheckoutCloser,
    PaymentCollector,
    PayoutSender,
    RefundSender,
    TransactionLister,
)
from webapp.settings import Settings

KNOWN = (paystack.NAME, flutterwave.NAME)
"""Every provider that there is code for, configured or not."""


class Providers:
    """The providers that are configured. Nothing connects before the first call."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings, self._db = settings, db

    @cached_property
    def paystack(self) -> Paystack | None:
        """Paystack, when its secret key is set."""
        key = self._settings.paystack_secret_key
        if not key or paystack.NAME in key_modes.of(self._settings):
            return None
        found = self._settings
        return Paystack(
            self._client(
                paystack.NAME,
                found.paystack_url,
                lambda: paystack.headers(key),
                paystack_answers.read_error,
                paystack_answers.classify,
                found.paystack_calls_per_minute,
            ),
            is_live=found.is_production,
        )

    @cached_property
    def flutterwave_tokens(self) -> Tokens | None:
        """The tokens of Flutterwave v4, when its client id and secret are set."""
        found = self._settings
        if not found.flutterwave_client_id or not found.flutterwave_client_secret:
            return None
        client = self._client(
            TOKEN_NAME,
            found.flutterwave_token_url,
            lambda: {"Accept": "application/json"},
            flutterwave_token.read_error,
            flutterwave_token.classify,
            found.flutterwave_calls_per_minute,
        )
        credentials = ClientCredentials(found.flutterwave_client_id, found.flutterwave_client_secret)
        return Tokens(self._db, client, credentials, found.encryption_keys)

    @cached_property
    def flutterwave(self) -> FlutterwaveV3 | FlutterwaveV4 | None:
        """Flutterwave: v4 when its client is set, else v3 when its secret key is."""
        found, tokens = self._settings, self.flutterwave_tokens
        if tokens is not None:
            return FlutterwaveV4(
                self._flutterwave(found.flutterwave_url, lambda: flutterwave_v4.headers(tokens)), tokens, self._pages
            )
        key = found.flutterwave_secret_key
        if not key or flutterwave.NAME in key_modes.of(self._settings):
            return None
        return FlutterwaveV3(
            self._flutterwave(found.flutterwave_v3_url, lambda: flutterwave_v3.headers(key)), self._pages
        )

    @cached_property
    def blnk(self) -> Blnk | None:
        """The external ledger, when it is the one that is mirrored to."""
        found = self._settings
        if found.ledger != blnk.NAME:
            return None
        return Blnk(
            self._client(
                blnk.NAME,
                found.blnk_url,
                lambda: blnk.headers(found.blnk_api_key),
                blnk_answers.read_error,
                blnk_answers.classify,
                found.blnk_calls_per_minute,
            )
        )

    @cached_property
    def payment_collectors(self) -> Mapping[str, PaymentCollector]:
        """Those that collect payments, by name."""
        return {each.name: each for each in (self.paystack, self.flutterwave) if each is not None}

    @cached_property
    def checkout_closers(self) -> Mapping[str, CheckoutCloser]:
        """Those that can be told to take no payment at a page any more, by name."""
        found = self.flutterwave
        return {found.name: found} if isinstance(found, FlutterwaveV3) else {}

    @cached_property
    def refund_senders(self) -> Mapping[str, RefundSender]:
        """Those that give payments back, by name."""
        return {each.name: each for each in (self.paystack, self.flutterwave) if each is not None}

    @cached_property
    def chargeback_readers(self) -> Mapping[str, ChargebackReader]:
        """Those that can be asked about chargebacks, by name."""
        return {each.name: each for each in (self.paystack,) if each is not None}

    @cached_property
    def payout_senders(self) -> Mapping[str, PayoutSender]:
        """Those that send payouts, by name."""
        return {each.name: each for each in (self.paystack,) if each is not None}

    @cached_property
    def payout_routes(self) -> Mapping[str, str]:
        """Which provider pays out a currency."""
        return {
            currency: name for name, each in self.payout_senders.items() for currency in sorted(each.payout_currencies)
        }

    @cached_property
    def transaction_listers(self) -> Mapping[str, TransactionLister]:
        """Those whose payments can be compared with ours, by name."""
        return {each.name: each for each in (self.paystack, self.flutterwave) if each is not None}

    def collector(self, name: str) -> PaymentCollector:
        """The provider of this name. Raises Unavailable when it is not configured."""
        found = self.payment_collectors.get(name)
        if found is None:
            variable = key_modes.of(self._settings).get(name)
            said = f"{name} is not configured, so it can't be asked about payments."
            raise Unavailable(key_modes.in_words(name, variable) if variable else said)
        return found

    @property
    def _pages(self) -> HostedPages:
        found = self._settings
        return HostedPages(found.flutterwave_session_minutes, found.flutterwave_payer_attempts)

    def _flutterwave(self, base: str, headers: Callable[[], Mapping[str, str]]) -> HttpClient:
        limiter = self._settings.flutterwave_calls_per_minute
        means = flutterwave_answers
        return self._client(flutterwave.NAME, base, headers, means.read_error, means.classify, limiter)

    def _client(
        self,
        name: str,
        base: str,
        headers: Callable[[], Mapping[str, str]],
        read_error: ErrorReader,
        classify: Classifier,
        per_minute: int,
    ) -> HttpClient:
        found = self._settings
        config = ClientConfig(name, base, headers, read_error, classify, found.provider_timeout_seconds)
        limiter = RateLimiter(name, per_minute, found.redis_address)
        return HttpClient(config, CircuitBreaker(self._db, name), limiter, parallel=found.provider_parallel_calls)
