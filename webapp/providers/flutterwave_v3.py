"""Flutterwave v3, by its secret key: a hosted page to pay at, transactions known by our `tx_ref`, refunds."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from webapp.domain.provider_words import Fate, RefundRow, Seen
from webapp.providers.answers import Answer
from webapp.providers.calls import Caller
from webapp.providers.failures import NotTold, Unknown
from webapp.providers.flutterwave import (
    LISTED_PAGES,
    NAME,
    first_major,
    given,
    listed_refund,
    major,
    pages,
    refund_row,
    succeeded,
    successes,
    window,
    with_refunds,
)
from webapp.providers.needs import Checkout, ListedRefund

_PAYMENT = {"successful": Fate.SUCCEEDED, "failed": Fate.FAILED}
_NO_TRANSACTION = "no transaction was found"
_AMOUNTS = ("amount_refunded", "AmountRefunded")


def headers(secret_key: str) -> Mapping[str, str]:
    """What each call carries."""
    return {"Authorization": f"Bearer {secret_key}", "Accept": "application/json"}


class FlutterwaveV3:
    """One account, by its secret key."""

    name = NAME

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns the address of its page."""
        body = {
            "tx_ref": checkout.reference,
            "amount": major(checkout.amount, checkout.currency),
            "currency": checkout.currency,
            "redirect_url": checkout.back,
            "customer": {"email": checkout.email},
        }
        return succeeded(self._caller.post("/v3/payments", body)).part("data").text("link")

    def look(self, reference: str) -> Seen:
        """What became of a payment. An answer about another tx_ref than was asked for is not believed."""
        try:
            answer = succeeded(self._caller.get("/v3/transactions/verify_by_reference", tx_ref=reference))
        except NotTold as refusal:
            if refusal.status == 404 or _NO_TRANSACTION in refusal.sentence.lower():
                return Seen(reference, Fate.ABSENT, said=refusal.sentence)
            raise
        return _payment(answer.part("data"), reference)

    def payments(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Successful payments of a time."""
        rows = pages(self._caller, "/v3/transactions", most=LISTED_PAGES)
        yield from successes(rows, lambda row: _payment(row, row.text("tx_ref")), since, until, made="created_at")

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund]:
        """Refunds of a time; a row that does not name its payment is nobody's."""
        rows = pages(self._caller, "/v3/refunds", most=LISTED_PAGES, **window(since, until))
        yield from (listed_refund(row, _number_of(row), _AMOUNTS, _refund_fate(row)) for row in rows)

    def look_whole(self, reference: str) -> Seen:
        """What became of a payment, and what of it went back."""
        paid = self.look(reference)
        if paid.fate != Fate.SUCCEEDED or paid.provider_id is None or paid.currency is None:
            return paid
        return with_refunds(paid, [_refund(row, paid.currency) for row in self._refunds_of(paid)])

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> Seen:
        """Give a payment back. Not idempotent at Flutterwave, which takes no key: look first."""
        paid = self._refundable(reference, currency)
        body = {"amount": major(amount, currency), "comments": note}
        answer = succeeded(self._caller.post(f"/v3/transactions/{paid.provider_id}/refund", body))
        return given(_refund(answer.part("data"), currency), reference)

    def look_refund(self, refund_id: str, payment_reference: str) -> Seen:
        """What became of a refund, by Flutterwave's own number of it."""
        for row in self.refunds_of(payment_reference):
            if row.provider_id == refund_id:
                return given(row, payment_reference)
        return Seen(payment_reference, Fate.ABSENT)

    def refunds_of(self, payment_reference: str) -> list[RefundRow]:
        """Every refund of a payment."""
        paid = self.look(payment_reference)
        if paid.provider_id is None or paid.currency is None:
            raise Unknown(f"Flutterwave does not know payment {payment_reference} now.")
        return [_refund(row, paid.currency) for row in self._refunds_of(paid)]

    def _refundable(self, reference: str, currency: str) -> Seen:
        paid = self.look(reference)
        if paid.fate != Fate.SUCCEEDED or paid.currency != currency:
            raise Unknown(f"Flutterwave shows no successful {currency} payment {reference} to give back now.")
        return paid

    def _refunds_of(self, paid: Seen) -> Iterator[Answer]:
        """The refunds of a transaction, out of a list of all: how it is narrowed is not relied on."""
        rows = pages(self._caller, "/v3/refunds", tx_id=paid.provider_id)
        return (row for row in rows if _number_of(row) == paid.provider_id)


def _payment(data: Answer, reference: str) -> Seen:
    fate = _PAYMENT.get(data.text("status"), Fate.PENDING)
    currency = data.currency()
    return Seen(
        reference,
        fate if data.maybe("tx_ref") == reference else Fate.PENDING,
        data.major("amount", currency),
        currency,
        data.text("id"),
        data.maybe("processor_response") or data.text("status"),
    )


def _refund(data: Answer, currency: str) -> RefundRow:
    amount = first_major(data, _AMOUNTS, currency)
    return refund_row(data, _refund_fate(data), amount, currency, made="created_at")


def _refund_fate(data: Answer) -> Fate:
    said = data.text("status")
    done = said.startswith("completed")  # also `completed-momo`, `completed-offline` and the like
    return Fate.SUCCEEDED if done else Fate.FAILED if said == "failed" else Fate.PENDING


def _number_of(row: Answer) -> str:
    """The transaction that a refund belongs to, under each of its names."""
    return row.maybe("transaction_id") or row.maybe("TransactionId") or row.maybe("tx_id")
