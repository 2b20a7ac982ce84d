"""Flutterwave v3, by its secret key: a hosted page to pay at, transactions known by our `tx_ref`, refunds.

One `tx_ref` may have several transactions: a payer whose first attempt failed tries again at the same page.
"""

from collections.abc import Iterator
from datetime import datetime

from webapp.domain.payments.duplicate_payments import number_in
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, RefundRow, SkippedRow
from webapp.providers.flutterwave.common import (
    NAME,
    HostedPages,
    answered,
    foremost,
    given,
    is_absent,
    listed_refund,
    major,
    pages,
    refund_amount,
    refund_row,
    successes,
    window,
    with_refunds,
)
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import CallFailed, NotAnswered, Unknown
from webapp.providers.http.response_reader import ResponseObject
from webapp.providers.protocols import Checkout, ListedRefund

_PAYMENT = {"successful": ProviderStatus.SUCCEEDED, "failed": ProviderStatus.FAILED}
_AMOUNTS = ("amount_refunded", "AmountRefunded")
_DONE = ("successful", "complete", "completed")
_INITIATED = "completed"
_TRIED_PAGES = 20


class FlutterwaveV3:
    """One account, by its secret key."""

    name = NAME

    def __init__(self, client: HttpClient, hosted: HostedPages) -> None:
        self._client, self._hosted = client, hosted

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns the address of its page."""
        body = {
            "tx_ref": checkout.reference,
            "amount": major(checkout.amount, checkout.currency),
            "currency": checkout.currency,
            "redirect_url": checkout.back,
            "customer": {"email": checkout.email},
            "session_duration": self._hosted.minutes,
            "max_retry_attempt": self._hosted.attempts,
        }
        return answered(self._client.post("/v3/payments", body)).part("data").text("link")

    def end(self, address: str) -> None:
        """Let nobody pay at a page any more. Harmless to repeat."""
        self._client.post("/v3/payments/link/disable", {"link": address})

    def fetch_payment(self, reference: str) -> ProviderResponse:
        """What became of a payment, and of every other transaction under its reference: two may have succeeded. An
        answer about another tx_ref than was asked for is not believed.
        """
        first = self._first(reference)
        if first.status == ProviderStatus.ABSENT or number_in(reference):
            return first
        try:
            tried = self._tried(reference)
        except CallFailed:
            if first.status != ProviderStatus.SUCCEEDED:
                raise
            tried = []  # it is paid all the same; the hourly comparison finds a further success
        return foremost([*tried, first], reference)

    def fetch_payment_with_refunds(self, reference: str) -> ProviderResponse:
        """What became of a payment and of every other transaction under its reference, and what of each went back."""
        return with_refunds(self.fetch_payment(reference), self._refunds_of)

    def payments(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Successful payments of a time."""
        rows = pages(self._client, "/v3/transactions")
        yield from successes(rows, lambda row: _payment(row, row.text("tx_ref")), since, until, made="created_at")

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund]:
        """Refunds of a time; a row that does not name its payment is nobody's."""
        rows = pages(self._client, "/v3/refunds", **window(since, until))
        yield from (listed_refund(row, _number_of(row), _AMOUNTS, _refund_status(row)) for row in rows)

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> ProviderResponse:
        """Give a payment back. Not idempotent at Flutterwave, which takes no key: look first."""
        paid = self._refundable(reference, currency)
        body = {"amount": major(amount, currency), "comments": note}
        answer = answered(self._client.post(f"/v3/transactions/{paid.provider_id}/refund", body))
        return given(_refund(answer.part("data"), currency, is_new=True), reference)

    def fetch_refund(self, refund_id: str, payment_reference: str) -> ProviderResponse:
        """What became of a refund, by Flutterwave's own number of it."""
        for row in self.fetch_refunds(payment_reference):
            if row.provider_id == refund_id:
                return given(row, payment_reference)
        return ProviderResponse(payment_reference, ProviderStatus.ABSENT)

    def fetch_refunds(self, payment_reference: str) -> list[RefundRow]:
        """Every refund of a payment."""
        paid = self.fetch_payment(payment_reference)
        if paid.provider_id is None or paid.currency is None:
            raise Unknown(f"Flutterwave does not know payment {payment_reference} now.")
        return list(self._refunds_of(paid))

    def _refundable(self, reference: str, currency: str) -> ProviderResponse:
        paid = self.fetch_payment(reference)
        if paid.status != ProviderStatus.SUCCEEDED or paid.currency != currency:
            raise Unknown(f"Flutterwave shows no successful {currency} payment {reference} to give back now.")
        return paid

    def _first(self, reference: str) -> ProviderResponse:
        """The transaction that it answers with for a reference; or the one that is asked for by its number."""
        number = number_in(reference)
        try:
            if number is not None:
                data = answered(self._client.get(f"/v3/transactions/{number}/verify")).part("data")
                return _payment(data, data.maybe("tx_ref"), named=reference)
            data = answered(self._client.get("/v3/transactions/verify_by_reference", tx_ref=reference)).part("data")
        except NotAnswered as refusal:
            if is_absent(refusal):
                return ProviderResponse(reference, ProviderStatus.ABSENT, message=refusal.sentence)
            raise
        return _payment(data, reference)

    def _tried(self, reference: str) -> list[ProviderResponse]:
        """Every transaction under a reference, oldest first. How the list is narrowed is not relied on."""
        rows = pages(self._client, "/v3/transactions", most=_TRIED_PAGES, tx_ref=reference)
        return [_payment(row, reference) for row in rows if row.maybe("tx_ref") == reference][::-1]

    def _refunds_of(self, paid: ProviderResponse) -> Iterator[RefundRow]:
        """The refunds of a transaction, out of a list of all: how it is narrowed is not relied on."""
        rows = pages(self._client, "/v3/refunds", tx_id=paid.provider_id)
        return (_refund(row, paid.currency or "") for row in rows if _number_of(row) == paid.provider_id)


def _payment(data: ResponseObject, reference: str, *, named: str = "") -> ProviderResponse:
    status = _PAYMENT.get(data.text("status"), ProviderStatus.PENDING)
    currency = data.currency()
    return ProviderResponse(
        named or reference,
        status if data.maybe("tx_ref") == reference else ProviderStatus.PENDING,
        data.major("amount", currency),
        currency,
        data.text("id"),
        data.maybe("processor_response") or data.text("status"),
        paid_at=data.maybe_instant("created_at"),
    )


def _refund(data: ResponseObject, currency: str, *, is_new: bool = False) -> RefundRow:
    amount = refund_amount(data, _AMOUNTS, currency)
    return refund_row(data, _refund_status(data, is_new=is_new), amount, currency, made="created_at")


def _refund_status(data: ResponseObject, *, is_new: bool = False) -> ProviderStatus:
    """What became of a refund. `completed` says of a new one that it was begun (its money is not on its way yet);
    `completed-momo`, `completed-offline` and the like are done.
    """
    provider_status = data.text("status")
    if provider_status == "failed":
        return ProviderStatus.FAILED
    if is_new and provider_status == _INITIATED:
        return ProviderStatus.PENDING
    return (
        ProviderStatus.SUCCEEDED
        if provider_status in _DONE or provider_status.startswith("completed-")
        else ProviderStatus.PENDING
    )


def _number_of(row: ResponseObject) -> str:
    """The transaction that a refund belongs to, under each of its names."""
    return row.maybe("transaction_id") or row.maybe("TransactionId") or row.maybe("tx_id")
