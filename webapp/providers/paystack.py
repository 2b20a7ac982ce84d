"""Paystack: payments, payouts, refunds. Amounts are minor units ("sub-units") on its side too.

Its documentation: the top-level `status` is about the call, `data.status` about the thing (verify payments; transfers).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.domain.provider_words import Fate, Seen
from webapp.providers.answers import Answer
from webapp.providers.calls import Caller
from webapp.providers.failures import Refused
from webapp.providers.needs import Checkout, Destination, Sending

NAME = "paystack"
_PAYMENT = {"success": Fate.SUCCEEDED, "failed": Fate.FAILED, "reversed": Fate.REVERSED}
"""Everything else may become a success still, `abandoned` too: the customer has not completed it."""
_PAYOUT = {
    "success": Fate.SUCCEEDED,
    "failed": Fate.FAILED,
    "abandoned": Fate.FAILED,
    "blocked": Fate.FAILED,
    "rejected": Fate.FAILED,
    "reversed": Fate.REVERSED,
}
_REFUND = {"processed": Fate.SUCCEEDED, "failed": Fate.FAILED}
_NOT_THERE = ("transaction_not_found", "not_found")
_PAGE = 100


def headers(secret_key: str) -> Mapping[str, str]:
    """What each call carries."""
    return {"Authorization": f"Bearer {secret_key}", "Accept": "application/json"}


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of an error."""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code") or "")[:80], str(body.get("message") or "")[:300]


class Paystack:
    """One integration at Paystack."""

    name = NAME
    pays_out: Collection[str] = frozenset({"NGN", "GHS", "ZAR", "KES", "USD"})

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def start(self, checkout: Checkout) -> str:
        """Begin a checkout; returns the address to send the payer to."""
        body = {
            "reference": checkout.reference,
            "amount": checkout.amount,
            "currency": checkout.currency,
            "email": checkout.email,
            "callback_url": checkout.back,
        }
        return self._data(self._caller.post("/transaction/initialize", body)).text("authorization_url")

    def look(self, reference: str) -> Seen:
        """What became of a payment."""
        return self._look(f"/transaction/verify/{reference}", reference, _PAYMENT)

    def refund(self, reference: str, amount: int, currency: str, note: str) -> Seen:
        """Give a payment back. Not idempotent at Paystack: look first."""
        body = {"transaction": reference, "amount": amount, "currency": currency, "merchant_note": note}
        return _seen(self._data(self._caller.post("/refund", body)), reference, _REFUND)

    def look_refund(self, reference: str) -> Seen:
        """What became of a payment's refund. One that went through counts more than one that failed."""
        answer = Answer(NAME, self._caller.get("/refund", transaction=reference))
        found = [_seen(each, reference, _REFUND) for each in answer.parts("data")]
        ranked = sorted(found, key=lambda seen: seen.fate == Fate.FAILED)
        return ranked[0] if ranked else Seen(reference, Fate.ABSENT)

    def recipient(self, destination: Destination) -> str:
        """What Paystack knows an account by; the same account gets the same code."""
        body = {
            "type": destination.kind,
            "name": destination.account_name,
            "account_number": destination.account_number,
            "bank_code": destination.bank_code,
            "currency": destination.currency,
        }
        return self._data(self._caller.post("/transferrecipient", body)).text("recipient_code")

    def pay(self, sending: Sending) -> Seen:
        """Send a payout. The reference is Paystack's idempotency key."""
        body = {
            "source": "balance",
            "amount": sending.amount,
            "recipient": sending.recipient,
            "reference": sending.reference,
            "reason": sending.reason,
            "currency": sending.currency,
        }
        return _seen(self._data(self._caller.post("/transfer", body)), sending.reference, _PAYOUT)

    def look_payout(self, reference: str) -> Seen:
        """What became of a payout."""
        return self._look(f"/transfer/verify/{reference}", reference, _PAYOUT)

    def payments(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Successful payments of a time."""
        yield from self._pages("/transaction", _PAYMENT, since, until, status="success")

    def payouts(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Payouts of a time."""
        yield from self._pages("/transfer", _PAYOUT, since, until)

    def _look(self, path: str, reference: str, fates: Mapping[str, Fate]) -> Seen:
        try:
            return _seen(self._data(self._caller.get(path)), reference, fates)
        except Refused as refusal:
            if refusal.status == 404 or refusal.code in _NOT_THERE:
                return Seen(reference, Fate.ABSENT, said=refusal.sentence)
            raise

    def _pages(
        self, path: str, fates: Mapping[str, Fate], since: datetime, until: datetime, **more: Any
    ) -> Iterator[Seen]:
        page = 1
        while True:
            window = {"from": clock.iso(since), "to": clock.iso(until), "perPage": _PAGE, "page": page}
            rows = Answer(NAME, self._caller.get(path, **window, **more)).parts("data")
            yield from (_seen(row, row.text("reference"), fates) for row in rows)
            if len(rows) < _PAGE:
                return
            page += 1

    def _data(self, body: Any) -> Answer:
        answer = Answer(NAME, body)
        if answer.body.get("status") is not True:
            raise Refused(f"Paystack refused: {answer.maybe('message')}", status=200, code=answer.maybe("code"))
        return answer.part("data")


def _seen(data: Answer, reference: str, fates: Mapping[str, Fate]) -> Seen:
    """What it says of one thing. An answer about another reference than was asked for is not believed."""
    named = data.maybe("reference")
    return Seen(
        reference,
        fates.get(data.text("status"), Fate.PENDING) if named in ("", reference) else Fate.PENDING,
        data.minor("amount"),
        data.currency(),
        data.maybe("id") or data.maybe("transfer_code") or None,
        data.maybe("gateway_response") or data.text("status"),
    )
