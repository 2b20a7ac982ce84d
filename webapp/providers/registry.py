"""The providers of this desk: the clients that the packages make from the settings, one of each per process."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from webapp.db import Database
from webapp.errors import Unavailable
from webapp.providers import catalogue, key_modes
from webapp.providers.blnk.provider import NAME as LEDGER
from webapp.providers.blnk.provider import Blnk
from webapp.providers.http.client_factory import ClientFactory
from webapp.providers.protocols import (
    ChargebackReader,
    CheckoutCloser,
    PaymentCollector,
    PayoutSender,
    RefundSender,
    TransactionLister,
)
from webapp.settings import Settings


class Providers:
    """The providers that are configured. Nothing connects before the first call.

    What one can do is told by its client: it is a collector of payments when it has the methods of one.
    """

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings, self._db = settings, db

    @cached_property
    def clients(self) -> Mapping[str, Any]:
        """Every configured one, by name; none whose key is one of a test mode while money is real."""
        factory, unreal = ClientFactory(self._settings, self._db), key_modes.of(self._settings)
        set_up = (each for each in catalogue.every() if not each.configuration(self._settings).missing)
        return {each.name: each.connect(factory) for each in set_up if each.name not in unreal}

    @property
    def blnk(self) -> Blnk | None:
        """The external ledger, when it is the one that is mirrored to."""
        return self.clients.get(LEDGER)

    @cached_property
    def payment_collectors(self) -> Mapping[str, PaymentCollector]:
        """Those that collect payments, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, PaymentCollector)}

    @cached_property
    def checkout_closers(self) -> Mapping[str, CheckoutCloser]:
        """Those that can be told to take no payment at a page any more, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, CheckoutCloser)}

    @cached_property
    def refund_senders(self) -> Mapping[str, RefundSender]:
        """Those that give payments back, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, RefundSender)}

    @cached_property
    def chargeback_readers(self) -> Mapping[str, ChargebackReader]:
        """Those that can be asked about chargebacks, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, ChargebackReader)}

    @cached_property
    def payout_senders(self) -> Mapping[str, PayoutSender]:
        """Those that send payouts, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, PayoutSender)}

    @cached_property
    def payout_routes(self) -> Mapping[str, str]:
        """Which provider pays out a currency: the first in the order of lists."""
        found: dict[str, str] = {}
        for name, each in self.payout_senders.items():
            for currency in sorted(each.payout_currencies):
                found.setdefault(currency, name)
        return found

    @cached_property
    def transaction_listers(self) -> Mapping[str, TransactionLister]:
        """Those whose payments can be compared with ours, by name."""
        return {name: each for name, each in self.clients.items() if isinstance(each, TransactionLister)}

    def collector(self, name: str) -> PaymentCollector:
        """The provider of this name. Raises Unavailable when it is not configured."""
        found = self.payment_collectors.get(name)
        if found is None:
            variable = key_modes.of(self._settings).get(name)
            sentence = f"{name} is not configured, so it can't be asked about payments."
            raise Unavailable(key_modes.in_words(name, variable) if variable else sentence)
        return found
