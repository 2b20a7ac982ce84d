"""Paystack: payments, payouts, refunds. Amounts are minor units ("sub-units") on its side too.

Its documentation: the top-level `status` is about the call, `data.status` about the thing (verify payments; transfers).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.domain.instants import parse_instant
from webapp.domain.provider_words import Charged, Fate, GivenBack, Seen
from webapp.domain.states import ChargebackStatus
from webapp.providers import paystack_payouts
from webapp.providers.answers import Answer
from webapp.providers.calls import Caller
from webapp.providers.failures import CallFailed, Refused
from webapp.providers.needs import Checkout, Destination, ListedRefund, Sending

NAME = "paystack"
_PAYMENT = {"success": Fate.SUCCEEDED, "failed": Fate.FAILED, "reversed": Fate.REVERSED}
"""Everything else may become a success still, `abandoned` too: the customer has not completed it."""
_WENT_BACK = ("reversed", "reversal-pending")
_REFUND = {"processed": Fate.SUCCEEDED, "failed": Fate.FAILED}
_NOT_THERE = ("transaction_not_found", "transfer_not_found", "not_found")
_OVER = ("resolved", "archived")
_OUTCOMES = {
    "merchant-accepted": ChargebackStatus.ACCEPTED,
    "auto-accepted": ChargebackStatus.LOST,
    "declined": ChargebackStatus.WON,
}
"""How a dispute ended. With any other word it counts as open: nothing moves before it is known."""
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

    def look_whole(self, reference: str) -> Seen:
        """What became of a payment, and what of it went back: asked by the transaction's number, not our reference."""
        try:
            data = self._data(self._caller.get(f"/transaction/verify/{reference}"))
        except Refused as refusal:
            return _absent(refusal, reference)
        seen, said = _seen(data, reference, _PAYMENT), data.text("status")
        if said != "success" and said not in _WENT_BACK:
            return seen
        rows = [row for row in self._refunds_of(data.text("id")) if _REFUND.get(row.text("status")) != Fate.FAILED]
        back = [GivenBack(row.minor("amount"), row.maybe("dispute") or None) for row in rows]
        rest = min(data.minor("amount"), _maybe_minor(data, "requested_amount")) - sum(each.amount for each in back)
        if rest > 0 and (said == "reversed" or (said in _WENT_BACK and not back)):
            back.append(GivenBack(rest, is_listed=False))
        return replace(seen, given_back=tuple(back))

    def look_chargeback(self, number: str) -> Charged:
        """How a bank's dispute stands."""
        data = self._data(self._caller.get(f"/dispute/{number}"))
        transaction = data.part("transaction")
        said, outcome = data.text("status"), data.maybe("resolution")
        status = ChargebackStatus.OPEN
        if said in _OVER:
            taken = transaction.maybe("status") in _WENT_BACK
            status = _OUTCOMES.get(outcome, ChargebackStatus.LOST if taken else ChargebackStatus.OPEN)
            status = ChargebackStatus.LOST if status == ChargebackStatus.WON and taken else status
        return Charged(
            data.text("id"),
            status,
            data.maybe("transaction_reference") or transaction.text("reference"),
            data.minor("refund_amount") if data.body.get("refund_amount") else transaction.minor("amount"),
            data.currency(),
            data.maybe("category"),
            _instant(data.maybe("dueAt") or data.maybe("due_at")),
            outcome or said,
        )

    def refund(self, reference: str, amount: int, currency: str, note: str) -> Seen:
        """Give a payment back. Not idempotent at Paystack: look first."""
        body = {"transaction": reference, "amount": amount, "currency": currency, "merchant_note": note}
        return _seen(self._data(self._caller.post("/refund", body)), reference, _REFUND)

    def look_refund(self, reference: str, amount: int) -> Seen:
        """What became of a payment's refund of this amount. One that went through counts more than one that failed."""
        paid = self.look(reference)
        if paid.provider_id is None:
            return Seen(reference, Fate.ABSENT)
        found = [_seen(row, reference, _REFUND) for row in self._refunds_of(paid.provider_id)]
        mine = [seen for seen in found if seen.amount == amount]
        ranked = sorted(mine, key=lambda seen: seen.fate == Fate.FAILED)
        return ranked[0] if ranked else Seen(reference, Fate.ABSENT)

    def recipient(self, destination: Destination) -> str:
        """What Paystack knows an account by; the same account gets the same code."""
        body = paystack_payouts.recipient_body(destination)
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
        try:
            answer = self._data(self._caller.post("/transfer", body))
        except CallFailed as failure:
            raise paystack_payouts.told_apart(failure) from None
        return paystack_payouts.as_queued(_payout(answer, sending.reference))

    def look_payout(self, reference: str) -> Seen:
        """What became of a payout."""
        try:
            return _payout(self._data(self._caller.get(f"/transfer/verify/{reference}")), reference)
        except Refused as refusal:
            return _absent(refusal, reference)

    def payments(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Successful payments of a time, and those that were taken back since."""
        for status in ("success", "reversed"):
            yield from self._pages("/transaction", _PAYMENT, since, until, status=status)

    def refunds(self, since: datetime, until: datetime) -> Iterator[ListedRefund]:
        """Refunds of a time, whoever made them."""
        for row in self._rows("/refund", **_window(since, until)):
            fate = _REFUND.get(row.text("status"), Fate.PENDING)
            names = row.text("transaction"), row.maybe("transaction_reference"), row.maybe("dispute")
            yield ListedRefund(*names, fate, row.minor("amount"), row.currency())

    def payouts(self, since: datetime, until: datetime) -> Iterator[Seen]:
        """Payouts of a time."""
        yield from self._pages("/transfer", paystack_payouts.FATES, since, until)

    def _look(self, path: str, reference: str, fates: Mapping[str, Fate]) -> Seen:
        try:
            return _seen(self._data(self._caller.get(path)), reference, fates)
        except Refused as refusal:
            return _absent(refusal, reference)

    def _refunds_of(self, number: str) -> Iterator[Answer]:
        """Every refund of a transaction. By our reference Paystack would answer with an empty list."""
        return self._rows("/refund", transaction=number)

    def _pages(
        self, path: str, fates: Mapping[str, Fate], since: datetime, until: datetime, **more: Any
    ) -> Iterator[Seen]:
        rows = self._rows(path, **_window(since, until), **more)
        yield from (_seen(row, row.text("reference"), fates) for row in rows)

    def _rows(self, path: str, **asked: Any) -> Iterator[Answer]:
        page = 1
        while True:
            rows = Answer(NAME, self._caller.get(path, **asked, perPage=_PAGE, page=page)).parts("data")
            yield from rows
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


def _payout(data: Answer, reference: str) -> Seen:
    return paystack_payouts.for_people(_seen(data, reference, paystack_payouts.FATES), data.text("status"))


def _absent(refusal: Refused, reference: str) -> Seen:
    """That it is not there. Raises the refusal when it means something else."""
    if refusal.status == 404 or refusal.code in _NOT_THERE:
        return Seen(reference, Fate.ABSENT, said=refusal.sentence)
    raise refusal


def _window(since: datetime, until: datetime) -> dict[str, str]:
    return {"from": clock.iso(since), "to": clock.iso(until)}


def _maybe_minor(data: Answer, key: str) -> int:
    """A whole amount; what the whole is worth when it is not told."""
    return data.minor(key) if data.body.get(key) is not None else data.minor("amount")


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None
