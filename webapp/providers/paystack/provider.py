"""Paystack: payments, payouts, refunds. Amounts are sub-units of its own, which `paystack_amounts` reads and writes.

Its documentation: the top-level `status` is about the call, `data.status` about the thing (verify payments; transfers).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.domain.payments.duplicate_payments import number_in
from webapp.domain.providers.provider_results import (
    TEST_ANSWER,
    ChargebackReport,
    ProviderResponse,
    ProviderStatus,
    RefundRow,
    ReturnedAmount,
    SkippedRow,
)
from webapp.domain.states import ChargebackStatus
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import CallFailed, NotAnswered, Unknown
from webapp.providers.http.response_reader import ResponseObject
from webapp.providers.paystack import lists as paystack_lists
from webapp.providers.paystack import payouts as paystack_payouts
from webapp.providers.paystack.amounts import minor, sub_units
from webapp.providers.protocols import Checkout, Destination, ListedRefund, PayoutInstruction

NAME = "paystack"
_PAYMENT = {"success": ProviderStatus.SUCCEEDED, "failed": ProviderStatus.FAILED, "reversed": ProviderStatus.REVERSED}
"""Everything else may become a success still, `abandoned` too: the customer has not completed it."""
_WENT_BACK = ("reversed", "reversal-pending")
_REFUND = {"processed": ProviderStatus.SUCCEEDED, "failed": ProviderStatus.FAILED}
_NEEDS_PERSON = "needs-attention"
_NOT_THERE = ("transaction_not_found", "transfer_not_found", "not_found")
_NOT_THERE_MESSAGES = ("reference not found", "transaction not found", "transfer not found")
_OVER = ("resolved", "archived")
_OUTCOMES = {
    "merchant-accepted": ChargebackStatus.ACCEPTED,
    "auto-accepted": ChargebackStatus.LOST,
    "declined": ChargebackStatus.WON,
}
"""How a dispute ended. With any other word it counts as open: nothing moves before it is known."""


class Paystack:
    """One integration at Paystack."""

    name = NAME
    payout_currencies: Collection[str] = frozenset({"NGN", "GHS", "ZAR", "KES"})

    def __init__(self, client: HttpClient, *, is_live: bool = False) -> None:
        """With `is_live`, what its test mode says of payouts and refunds is not known to be so."""
        self._client, self._is_live = client, is_live

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns the address to send the payer to."""
        body = {
            "reference": checkout.reference,
            "amount": sub_units(checkout.amount, checkout.currency),
            "currency": checkout.currency,
            "email": checkout.email,
            "callback_url": checkout.back,
        }
        return self._data(self._client.post("/transaction/initialize", body)).text("authorization_url")

    def fetch_payment(self, reference: str) -> ProviderResponse:
        """What became of a payment."""
        try:
            return _paid(self._data(self._client.get(_path(reference))), reference)
        except NotAnswered as failure:
            return _absent(failure, reference)

    def fetch_payment_with_refunds(self, reference: str) -> ProviderResponse:
        """What became of a payment, and what of it went back: asked by the transaction's number, not our reference."""
        try:
            data = self._data(self._client.get(_path(reference)))
        except NotAnswered as failure:
            return _absent(failure, reference)
        seen, provider_status = _paid(data, reference), data.text("status")
        if provider_status != "success" and provider_status not in _WENT_BACK:
            return seen
        rows = [
            row for row in self._refunds_of(data.text("id")) if _REFUND.get(row.text("status")) != ProviderStatus.FAILED
        ]
        back = [ReturnedAmount(minor(row, "amount", row.currency()), row.maybe("dispute") or None) for row in rows]
        whole = seen.amount or 0
        rest = min(whole, seen.requested or whole) - sum(each.amount for each in back)
        if rest > 0 and (provider_status == "reversed" or (provider_status in _WENT_BACK and not back)):
            back.append(ReturnedAmount(rest, is_listed=False))
        return replace(seen, given_back=tuple(back))

    def fetch_chargeback(self, number: str) -> ChargebackReport:
        """How a bank's dispute stands."""
        data = self._data(self._client.get(f"/dispute/{number}"))
        transaction, currency = data.part("transaction"), data.currency()
        provider_status, outcome = data.text("status"), data.maybe("resolution")
        is_over = provider_status in _OVER
        status = _OUTCOMES.get(outcome, ChargebackStatus.OPEN) if is_over else ChargebackStatus.OPEN
        return ChargebackReport(
            data.text("id"),
            status,
            data.maybe("transaction_reference") or transaction.text("reference"),
            minor(data, "refund_amount", currency)
            if data.body.get("refund_amount")
            else minor(transaction, "amount", currency),
            currency,
            data.maybe("category"),
            data.maybe_instant("dueAt") or data.maybe_instant("due_at"),
            went_back=is_over and transaction.maybe("status") in _WENT_BACK,
            message=outcome or provider_status,
        )

    def fetch_chargebacks(self, payment_reference: str) -> list[ChargebackReport]:
        """Every dispute of a payment, asked for by the transaction's number. Paystack answers with one, or a list."""
        paid = self.fetch_payment(payment_reference)
        if paid.provider_id is None:
            raise Unknown(f"Paystack does not know payment {payment_reference} now, nor whether it is disputed.")
        try:
            found = self._client.get(f"/dispute/transaction/{paid.provider_id}")
        except NotAnswered as failure:
            if failure.status == 404:
                return []
            raise
        rows = ResponseObject(NAME, found).body.get("data") or []
        numbers = [ResponseObject(NAME, row).text("id") for row in (rows if isinstance(rows, list) else [rows])]
        return [self.fetch_chargeback(number) for number in numbers]

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> ProviderResponse:
        """Give a payment back. Not idempotent at Paystack, which takes no key: look first."""
        requested = sub_units(amount, currency)
        body = {
            "transaction": number_in(reference) or reference,
            "amount": requested,
            "currency": currency,
            "merchant_note": note,
        }
        row = _refund(self._real(self._client.post("/refund", body)))
        return _given(row, reference)

    def fetch_refund(self, refund_id: str, payment_reference: str) -> ProviderResponse:
        """What became of a refund, by Paystack's own number of it."""
        try:
            row = _refund(self._real(self._client.get(f"/refund/{refund_id}")))
        except NotAnswered as failure:
            return _absent(failure, payment_reference)
        if row.provider_id != refund_id:
            raise Unknown(f"Paystack answered about refund {row.provider_id} where {refund_id} was asked about.")
        return _given(row, payment_reference)

    def fetch_refunds(self, payment_reference: str) -> list[RefundRow]:
        """Every refund of a payment. By our reference Paystack would answer with an empty list."""
        paid = self.fetch_payment(payment_reference)
        if paid.is_test and self._is_live:
            raise Unknown(TEST_ANSWER)
        if paid.provider_id is None:
            raise Unknown(f"Paystack does not know payment {payment_reference} now, so its refunds can't be listed.")
        return [_refund(row) for row in self._refunds_of(paid.provider_id)]

    def register_recipient(self, destination: Destination) -> str:
        """What Paystack knows an account by; the same account gets the same code."""
        body = paystack_payouts.recipient_body(destination)
        return self._data(self._client.post("/transferrecipient", body)).text("recipient_code")

    def send_payout(self, payout: PayoutInstruction) -> ProviderResponse:
        """Send a payout. The reference is Paystack's idempotency key."""
        body = {
            "source": "balance",
            "amount": sub_units(payout.amount, payout.currency),
            "recipient": payout.recipient,
            "reference": payout.reference,
            "reason": payout.reason,
            "currency": payout.currency,
        }
        try:
            answer = self._real(self._client.post("/transfer", body))
        except CallFailed as failure:
            raise paystack_payouts.classified(failure) from None
        return paystack_payouts.as_queued(_payout(answer, payout.reference))

    def fetch_payout(self, reference: str) -> ProviderResponse:
        """What became of a payout."""
        try:
            return _payout(self._real(self._client.get(f"/transfer/verify/{reference}")), reference)
        except NotAnswered as failure:
            return _absent(failure, reference)

    def payments(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Successful payments of a time, and those that were taken back since."""
        for status in ("success", "reversed"):
            yield from self._listed("/transaction", _paid, since, until, status=status)

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund | SkippedRow]:
        """Refunds of a time, whoever made them."""
        return paystack_lists.readable(self._rows("/refund", **_window(since, until)), _listed_refund)

    def payouts(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Payouts of a time."""
        return self._listed("/transfer", _payout, since, until)

    def _refunds_of(self, number: str) -> Iterator[ResponseObject]:
        """Every refund of a transaction, by its number; rows of others are passed over."""
        try:
            for row in self._rows("/refund", transaction=number):
                if _transaction_of(row) == number:
                    yield row
        except NotAnswered as failure:
            _absent(failure, number)

    def _listed(
        self,
        path: str,
        read: Callable[[ResponseObject, str], ProviderResponse],
        since: datetime,
        until: datetime,
        **more: Any,
    ) -> Iterator[ProviderResponse | SkippedRow]:
        found = self._rows(path, **_window(since, until), **more)
        return paystack_lists.readable(found, lambda row: read(row, row.text("reference")))

    def _rows(self, path: str, **params: Any) -> Iterator[ResponseObject]:
        return paystack_lists.rows(self._client, NAME, path, **params)

    def _data(self, body: Any) -> ResponseObject:
        return ResponseObject(NAME, body).part("data")

    def _real(self, body: Any) -> ResponseObject:
        """What it says of money that leaves. Raises Unknown where that would be test money."""
        data = self._data(body)
        if self._is_live and data.maybe("domain") == "test":
            raise Unknown(TEST_ANSWER)
        return data


def _seen(data: ResponseObject, reference: str, statuses: Mapping[str, ProviderStatus]) -> ProviderResponse:
    """What it says of one thing. An answer about another reference than was asked for is not believed."""
    named, currency = data.maybe("reference"), data.currency()
    return ProviderResponse(
        reference,
        statuses.get(data.text("status"), ProviderStatus.PENDING)
        if named in ("", reference)
        else ProviderStatus.PENDING,
        minor(data, "amount", currency),
        currency,
        data.maybe("id") or data.maybe("transfer_code") or None,
        data.maybe("gateway_response") or data.text("status"),
    )


def _payout(data: ResponseObject, reference: str) -> ProviderResponse:
    seen = replace(_seen(data, reference, paystack_payouts.STATUSES), paid_at=data.maybe_instant("transferred_at"))
    return paystack_payouts.for_people(seen, data.text("status"))


def _path(reference: str) -> str:
    """Where a payment is asked about: by our reference, or by its number there."""
    number = number_in(reference)
    return f"/transaction/verify/{reference}" if number is None else f"/transaction/{number}"


def _paid(data: ResponseObject, reference: str) -> ProviderResponse:
    """A payment, and what its payer was asked for."""
    named = reference if number_in(reference) is None else data.maybe("reference")
    at, is_test = data.maybe_instant("paid_at") or data.maybe_instant("paidAt"), data.maybe("domain") == "test"
    seen = replace(_seen(data, named, _PAYMENT), reference=reference, is_test=is_test, paid_at=at)
    if data.body.get("requested_amount") is None:
        return seen
    return replace(seen, requested=minor(data, "requested_amount", seen.currency or ""))


def _refund(data: ResponseObject) -> RefundRow:
    provider_status, currency = data.text("status"), data.currency()
    return RefundRow(
        data.text("id"),
        _REFUND.get(provider_status, ProviderStatus.PENDING),
        minor(data, "amount", currency),
        currency,
        data.maybe_instant("createdAt") or data.maybe_instant("created_at"),
        provider_status,
        needs_person=provider_status == _NEEDS_PERSON,
        dispute=data.maybe("dispute") or None,
    )


def _listed_refund(row: ResponseObject) -> ListedRefund:
    status, currency = _REFUND.get(row.text("status"), ProviderStatus.PENDING), row.currency()
    names = _transaction_of(row), row.maybe("transaction_reference"), row.maybe("dispute")
    return ListedRefund(*names, status, minor(row, "amount", currency), currency)


def _given(row: RefundRow, reference: str) -> ProviderResponse:
    person = row.needs_person
    return ProviderResponse(
        reference, row.status, row.amount, row.currency, row.provider_id, row.message, needs_person=person
    )


def _transaction_of(row: ResponseObject) -> str:
    """The number of the transaction that a refund is of, which is an object in some answers."""
    found = row.body.get("transaction")
    return ResponseObject(NAME, found).maybe("id") if isinstance(found, dict) else row.maybe("transaction")


def _absent(failure: CallFailed, reference: str) -> ProviderResponse:
    """That it is not there. Raises the failure when it means something else."""
    message = failure.sentence.lower()
    if failure.status == 404 or failure.code in _NOT_THERE or any(each in message for each in _NOT_THERE_MESSAGES):
        return ProviderResponse(reference, ProviderStatus.ABSENT, message=failure.sentence)
    raise failure


def _window(since: datetime, until: datetime) -> dict[str, str]:
    return {"from": clock.iso(since), "to": clock.iso(until)}
