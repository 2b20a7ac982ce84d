"""Flutterwave v4, by a token that lives ten minutes: a hosted page to pay at, charges known by our reference, refunds.

Every POST carries an idempotency key made from our reference, so that the same again is answered with the first answer.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from webapp import clock
from webapp.domain.payments.duplicate_payments import number_in
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, RefundRow, SkippedRow
from webapp.providers.flutterwave.common import (
    NAME,
    HostedPages,
    answered,
    foremost,
    given,
    idempotency_key,
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
from webapp.providers.flutterwave.oauth_token import Tokens
from webapp.providers.http.client import HttpClient, bearer
from webapp.providers.http.errors import Exists, KeyRefused, NotAnswered, Unknown
from webapp.providers.http.response_reader import ResponseObject
from webapp.providers.protocols import Checkout, ListedRefund

Got = TypeVar("Got")

_CHARGE = {"succeeded": ProviderStatus.SUCCEEDED, "failed": ProviderStatus.FAILED, "voided": ProviderStatus.FAILED}
_REFUND = {
    "completed": ProviderStatus.SUCCEEDED,
    "succeeded": ProviderStatus.SUCCEEDED,
    "failed": ProviderStatus.FAILED,
    "cancelled": ProviderStatus.FAILED,
}
_INITIATED = "completed"
_AMOUNTS = ("amount_refunded", "amount")
_REASON = "requested_by_customer"
_WIDER = timedelta(days=1)
"""Whether a list begins at the instant or after the day that is asked for is not told."""


def headers(tokens: Tokens) -> Mapping[str, str]:
    """What each call carries; the trace id is what their support asks for."""
    return bearer(tokens.current()) | {"X-Trace-Id": uuid.uuid4().hex}


class FlutterwaveV4:
    """One account, by its client id and secret."""

    name = NAME

    def __init__(self, client: HttpClient, tokens: Tokens, hosted: HostedPages) -> None:
        self._client, self.tokens, self._hosted = client, tokens, hosted

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns the address of its page. Raises Exists when the reference has one already."""
        body = {
            "reference": checkout.reference,
            "amount": major(checkout.amount, checkout.currency),
            "currency": checkout.currency,
            "customer_id": self._customer(checkout.email),
            "redirect_url": checkout.back,
            "session_duration": self._hosted.minutes,
            "max_retry_attempts": self._hosted.attempts,
        }
        return _address(self._post("/checkout/sessions", body, idempotency_key(f"checkout-{checkout.reference}")))

    def check_key(self) -> None:
        """Whether the credentials are taken."""
        self.tokens.check()

    def fetch_payment(self, reference: str) -> ProviderResponse:
        """What became of a payment. Charges of other references are not believed."""
        number = number_in(reference)
        try:
            if number is not None:
                return self._with_token(lambda: _seen(self._part(f"/charges/{number}"), reference))
            rows = self._with_token(lambda: list(pages(self._client, "/charges", reference=reference)))
        except NotAnswered as refusal:
            if is_absent(refusal):
                return ProviderResponse(reference, ProviderStatus.ABSENT, message=refusal.sentence)
            raise
        charges = [_seen(row, reference) for row in rows if row.maybe("reference") == reference]
        # They are listed newest first; of several successes the oldest is the payment, and the others came besides it.
        return foremost(charges[::-1], reference)

    def payments(self, since: datetime, until: datetime) -> Iterator[ProviderResponse | SkippedRow]:
        """Successful payments of a time."""
        rows = pages(self._client, "/charges")
        seen = successes(rows, lambda row: _seen(row, row.text("reference")), since, until, made="created_datetime")
        yield from seen

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund]:
        """Refunds of a time."""
        rows = self._with_token(lambda: list(pages(self._client, "/refunds", **window(since, until))))
        yield from (listed_refund(row, row.maybe("charge_id"), _AMOUNTS, _refund_status(row)) for row in rows)

    def fetch_payment_with_refunds(self, reference: str) -> ProviderResponse:
        """What became of a payment and of every other charge under its reference, and what of each went back."""
        return with_refunds(self.fetch_payment(reference), self._refunds_of)

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> ProviderResponse:
        """Give a payment back; the same key again gives nothing more."""
        paid = self.fetch_payment(reference)
        if paid.status != ProviderStatus.SUCCEEDED or paid.currency != currency:
            raise Unknown(f"Flutterwave shows no successful {currency} payment {reference} to give back now.")
        body = {
            "amount": major(amount, currency),
            "reason": _REASON,
            "charge_id": paid.provider_id,
            "meta": {"note": note},
        }
        return given(_refund(self._post("/refunds", body, key), currency, is_new=True), reference)

    def fetch_refund(self, refund_id: str, payment_reference: str) -> ProviderResponse:
        """What became of a refund, by Flutterwave's own id of it."""
        paid = self._known(payment_reference)
        try:
            data = self._with_token(lambda: self._part(f"/refunds/{refund_id}"))
        except NotAnswered as refusal:
            if refusal.status == 404:
                return ProviderResponse(payment_reference, ProviderStatus.ABSENT, message=refusal.sentence)
            raise
        if data.text("id") != refund_id or data.maybe("charge_id") not in ("", paid.provider_id):
            raise Unknown(f"Flutterwave answered about another refund than {refund_id}.")
        return given(_refund(data, paid.currency or ""), payment_reference)

    def fetch_refunds(self, payment_reference: str) -> list[RefundRow]:
        """Every refund of a payment."""
        return self._refunds_of(self._known(payment_reference))

    def _known(self, reference: str) -> ProviderResponse:
        paid = self.fetch_payment(reference)
        if paid.provider_id is None or paid.currency is None:
            raise Unknown(f"Flutterwave does not know payment {reference} now.")
        return paid

    def _refunds_of(self, paid: ProviderResponse) -> list[RefundRow]:
        """The refunds of a charge, out of everybody's since the day before it: time is all that narrows the list."""
        since: dict[str, Any] = {} if paid.paid_at is None else {"from": clock.iso(paid.paid_at - _WIDER)}
        rows = self._with_token(lambda: list(pages(self._client, "/refunds", **since)))
        return [_refund(row, paid.currency or "") for row in rows if row.maybe("charge_id") == paid.provider_id]

    def _customer(self, email: str) -> str:
        """The payer as Flutterwave knows them: made, or found when they are there already."""
        try:
            return self._post("/customers", {"email": email}, idempotency_key(f"customer-{email}")).text("id")
        except Exists:
            body = {"email": email}
            answer = self._with_token(lambda: answered(self._client.ask("/customers/search", body)))
            found = next((each for each in answer.parts("data") if each.maybe("email") == email), None)
            if found is None:
                raise Unknown("Flutterwave has this payer already, and does not find them.") from None
            return found.text("id")

    def _part(self, path: str) -> ResponseObject:
        return answered(self._client.get(path)).part("data")

    def _post(self, path: str, body: Any, key: str) -> ResponseObject:
        sent = {"X-Idempotency-Key": key}
        return self._with_token(lambda: answered(self._client.post(path, body, sent))).part("data")

    def _with_token(self, call: Callable[[], Got]) -> Got:
        """A token may be taken back before it expires: once more with a new one. A 401 did nothing."""
        try:
            return call()
        except KeyRefused:
            self.tokens.give_up()
            return call()


def _address(data: ResponseObject) -> str:
    """Where the payer goes. What waits for something else (a PIN, an instruction) is there, and shows no address."""
    address = data.maybe("checkout_url")
    action = data.body.get("next_action")
    if not address and isinstance(action, dict) and isinstance(action.get("redirect_url"), dict):
        address = ResponseObject(NAME, action["redirect_url"]).maybe("url")
    if not address:
        raise Unknown(f"Flutterwave has it, {data.maybe('status') or 'pending'}, and tells no address to pay at.")
    return address


def _seen(data: ResponseObject, reference: str) -> ProviderResponse:
    currency = data.currency()
    provider_status = data.text("status")
    status, at = _CHARGE.get(provider_status, ProviderStatus.PENDING), data.maybe_instant("created_datetime")
    return ProviderResponse(
        reference, status, data.major("amount", currency), currency, data.text("id"), provider_status, paid_at=at
    )


def _refund(data: ResponseObject, currency: str, *, is_new: bool = False) -> RefundRow:
    amount = refund_amount(data, _AMOUNTS, currency)
    return refund_row(data, _refund_status(data, is_new=is_new), amount, currency, made="created_datetime")


def _refund_status(data: ResponseObject, *, is_new: bool = False) -> ProviderStatus:
    """What became of a refund. `completed` says of a new one, which is answered as "initiated", that it was begun."""
    provider_status = data.text("status")
    return (
        ProviderStatus.PENDING
        if is_new and provider_status == _INITIATED
        else _REFUND.get(provider_status, ProviderStatus.PENDING)
    )
