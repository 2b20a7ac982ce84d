"""Flutterwave v4, by a token that lives ten minutes: charges known by our reference, and refunds.

Every POST carries an idempotency key made from our reference, so that the same again is answered with the first answer.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from webapp.domain.provider_words import Fate, RefundRow, Seen
from webapp.providers.answers import Answer
from webapp.providers.calls import Caller
from webapp.providers.failures import KeyRefused, Unknown
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
from webapp.providers.flutterwave_token import Tokens
from webapp.providers.needs import Checkout, ListedRefund

Got = TypeVar("Got")

_CHARGE = {"succeeded": Fate.SUCCEEDED, "failed": Fate.FAILED}
_REFUND = {"completed": Fate.SUCCEEDED, "succeeded": Fate.SUCCEEDED, "failed": Fate.FAILED}
_AMOUNTS = ("amount_refunded", "amount")
_REASON = "requested_by_customer"
_RANK = (Fate.SUCCEEDED, Fate.PENDING, Fate.FAILED)
"""Of several things under one reference the one that went through counts."""


def headers(tokens: Tokens) -> Mapping[str, str]:
    """What each call carries; the trace id is what their support asks for."""
    return {
        "Authorization": f"Bearer {tokens.current()}",
        "Accept": "application/json",
        "X-Trace-Id": f"desk-{uuid.uuid4()}",
    }


class FlutterwaveV4:
    """One account, by its client id and secret."""

    name = NAME

    def __init__(self, caller: Caller, tokens: Tokens) -> None:
        self._caller, self._tokens = caller, tokens

    def start(self, checkout: Checkout) -> str:
        """Begin a charge; returns the address that the payer is sent to."""
        body = {
            "reference": checkout.reference,
            "amount": major(checkout.amount, checkout.currency),
            "currency": checkout.currency,
            "redirect_url": checkout.back,
            "customer": {"email": checkout.email},
        }
        charge = self._post("/charges", body, f"charge-{checkout.reference}")
        return charge.part("next_action").part("redirect_url").text("url")

    def look(self, reference: str) -> Seen:
        """What became of a payment. Charges of other references are not believed."""
        answer = self._with_token(lambda: succeeded(self._caller.get("/charges", reference=reference)))
        charges = [_seen(row, reference) for row in answer.parts("data") if row.maybe("reference") == reference]
        return _foremost(charges) or Seen(reference, Fate.ABSENT)

    def payments(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Successful payments of a time."""
        rows = pages(self._caller, "/charges", most=LISTED_PAGES)
        seen = successes(rows, lambda row: _seen(row, row.text("reference")), since, until, made="created_datetime")
        yield from seen

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund]:
        """Refunds of a time."""
        asked = window(since, until)
        rows = self._with_token(lambda: list(pages(self._caller, "/refunds", most=LISTED_PAGES, **asked)))
        yield from (listed_refund(row, row.maybe("charge_id"), _AMOUNTS, _refund_fate(row)) for row in rows)

    def look_whole(self, reference: str) -> Seen:
        """What became of a payment, and what of it went back."""
        paid = self.look(reference)
        if paid.fate != Fate.SUCCEEDED or paid.provider_id is None or paid.currency is None:
            return paid
        return with_refunds(paid, [_refund(row, paid.currency) for row in self._refunds_of(paid)])

    def refund(self, reference: str, amount: int, currency: str, note: str, *, key: str) -> Seen:
        """Give a payment back; the same key again gives nothing more."""
        paid = self.look(reference)
        if paid.fate != Fate.SUCCEEDED or paid.currency != currency:
            raise Unknown(f"Flutterwave shows no successful {currency} payment {reference} to give back now.")
        body = {
            "amount": major(amount, currency),
            "reason": _REASON,
            "charge_id": paid.provider_id,
            "meta": {"note": note},
        }
        return given(_refund(self._post("/refunds", body, key), currency), reference)

    def look_refund(self, refund_id: str, payment_reference: str) -> Seen:
        """What became of a refund, by Flutterwave's own id of it."""
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

    def _refunds_of(self, paid: Seen) -> list[Answer]:
        """The refunds of a charge, out of a list of all."""
        rows = self._with_token(lambda: list(pages(self._caller, "/refunds", charge_id=paid.provider_id)))
        return [row for row in rows if row.maybe("charge_id") == paid.provider_id]

    def _post(self, path: str, body: Any, key: str) -> Answer:
        sent = {"X-Idempotency-Key": key}
        return self._with_token(lambda: succeeded(self._caller.post(path, body, sent))).part("data")

    def _with_token(self, call: Callable[[], Got]) -> Got:
        """A token may be taken back before it expires: once more with a new one. A 401 did nothing."""
        try:
            return call()
        except KeyRefused:
            self._tokens.give_up()
            return call()


def _seen(data: Answer, reference: str) -> Seen:
    currency = data.currency()
    said = data.text("status")
    return Seen(
        reference, _CHARGE.get(said, Fate.PENDING), data.major("amount", currency), currency, data.text("id"), said
    )


def _refund(data: Answer, currency: str) -> RefundRow:
    amount = first_major(data, _AMOUNTS, currency)
    return refund_row(data, _refund_fate(data), amount, currency, made="created_datetime")


def _refund_fate(data: Answer) -> Fate:
    return _REFUND.get(data.text("status"), Fate.PENDING)


def _foremost(found: list[Seen]) -> Seen | None:
    if sum(seen.fate == Fate.SUCCEEDED for seen in found) > 1:
        raise Unknown(f"Flutterwave has several successes of {found[0].reference}.")
    return min(found, key=lambda seen: _RANK.index(seen.fate), default=None)
