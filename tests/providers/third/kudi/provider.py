"""Kudi's client: the Protocols that it has are what the desk uses it for."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from webapp.domain.providers.provider_results import (
    ProviderResponse,
    ProviderStatus,
    RefundRow,
    ReturnedAmount,
    SkippedRow,
)
from webapp.providers.http.client import HttpClient
from webapp.providers.http.response_reader import ResponseObject
from webapp.providers.protocols import Checkout, Destination, PayoutInstruction

NAME = "kudi"


class Kudi:
    """One account at Kudi."""

    name = NAME
    payout_currencies: Collection[str] = frozenset({"NGN"})

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def start(self, checkout: Checkout) -> str:
        body = {"reference": checkout.reference, "amount": checkout.amount, "currency": checkout.currency}
        return ResponseObject(NAME, self._client.post("/payments", body)).text("page")

    def fetch_payment(self, reference: str) -> ProviderResponse:
        return _seen(ResponseObject(NAME, self._client.get(f"/payments/{reference}")), reference)

    def fetch_payment_with_refunds(self, reference: str) -> ProviderResponse:
        back = tuple(ReturnedAmount(row.amount) for row in self.fetch_refunds(reference))
        return replace(self.fetch_payment(reference), given_back=back)

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> ProviderResponse:
        body = {"reference": key, "payment": reference, "amount": amount, "currency": currency}
        return _seen(ResponseObject(NAME, self._client.post("/refunds", body)), reference)

    def fetch_refund(self, refund_id: str, payment_reference: str) -> ProviderResponse:
        return _seen(ResponseObject(NAME, self._client.get(f"/refunds/{refund_id}")), payment_reference)

    def fetch_refunds(self, payment_reference: str) -> list[RefundRow]:
        found = ResponseObject(NAME, self._client.get("/refunds", payment=payment_reference)).parts("refunds")
        return [
            RefundRow(row.text("id"), _status(row), row.minor("amount"), row.currency(), row.maybe_instant("at"))
            for row in found
        ]

    def register_recipient(self, destination: Destination) -> str:
        return f"{destination.bank_code}-{destination.account_number}"

    def send_payout(self, payout: PayoutInstruction) -> ProviderResponse:
        body = {"reference": payout.reference, "to": payout.recipient, "amount": payout.amount, "currency": "NGN"}
        answer = _seen(ResponseObject(NAME, self._client.post("/payouts", body)), payout.reference)
        return replace(answer, status=ProviderStatus.PENDING)

    def fetch_payout(self, reference: str) -> ProviderResponse:
        return _seen(ResponseObject(NAME, self._client.get(f"/payouts/{reference}")), reference)

    def payouts(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        for row in ResponseObject(NAME, self._client.get("/payouts")).parts("payouts"):
            yield _seen(row, row.text("reference"))


def _status(row: ResponseObject) -> ProviderStatus:
    return ProviderStatus.SUCCEEDED if row.text("status") == "done" else ProviderStatus.PENDING


def _seen(row: ResponseObject, reference: str) -> ProviderResponse:
    return ProviderResponse(reference, _status(row), row.minor("amount"), row.currency(), row.text("id"))
